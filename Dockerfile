# A small image with the command, from the packed tarball:
#
#     npm pack && docker build -t mobilenet .
#     docker run --rm --network none -v "$PWD:/pictures:ro" mobilenet classify .
FROM node:24-alpine AS install
COPY mobilenet-*.tgz /tmp/
RUN npm install --global --prefix /opt/mobilenet --ignore-scripts --omit=dev /tmp/mobilenet-*.tgz

FROM node:24-alpine
COPY --from=install /opt/mobilenet /opt/mobilenet
# Models that are pulled or imported; mount a volume here to keep them.
RUN mkdir /models && chown 1000:1000 /models
ENV PATH=/opt/mobilenet/bin:$PATH MOBILENET_HOME=/models
# The user `node` of the base image; by number, so that Kubernetes can tell that it is not root.
USER 1000:1000
WORKDIR /pictures
ENTRYPOINT ["mobilenet"]
CMD ["--help"]
