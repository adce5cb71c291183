# The key of test/store/proxy.test.ts's server on 127.0.0.1: no secret, good for nothing else.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out certificate.pem \
  -days 36500 -subj "/CN=mobilenet test" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1"
