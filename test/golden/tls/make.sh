# The key of the tests' own servers on 127.0.0.1 (test/store/proxy.test.ts, test/cli/pull.test.ts): no secret, good for nothing else.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out certificate.pem \
  -days 36500 -subj "/CN=mobilenet test" -addext "subjectAltName=DNS:localhost,DNS:raw.githubusercontent.com,IP:127.0.0.1"
