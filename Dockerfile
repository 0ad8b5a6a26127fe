# relay as one static program on an empty file system. The folder that `relay init` has written is mounted at /data, which the
# user 65532 owns: relay.toml, the flow files and the store stand there.
#
#   docker build -t erp-relay .
#   docker run -d --name relay --read-only --tmpfs /tmp --cap-drop ALL -v /srv/relay:/data -p 127.0.0.1:8080:8080 erp-relay
#   docker exec relay relay status

# Alpine's own target is musl, and a program for it is static.
FROM rust:1.95-alpine AS build
# hadolint ignore=DL3018
RUN apk add --no-cache build-base linux-headers
WORKDIR /erp-relay
COPY . .
RUN cargo build --locked --profile speed --package relay --features aws \
 && mkdir -p /rootfs/usr/local/bin /rootfs/etc/ssl/certs /rootfs/data /rootfs/tmp \
 && cp target/speed/relay /rootfs/usr/local/bin/relay \
 && cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ca-certificates.crt \
 && chmod 1777 /rootfs/tmp \
 && chmod 700 /rootfs/data \
 && chown 65532:65532 /rootfs/data

FROM scratch
COPY --from=build /rootfs/ /
ENV PATH=/usr/local/bin
WORKDIR /data
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["relay"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
