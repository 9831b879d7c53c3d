# One static binary on a base that holds certificates, a user and nothing else. Alpine's Rust links musl statically, on
# amd64 and arm64 alike. ring is C and assembly, hence build-base.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache build-base
WORKDIR /inroad
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/inroad/target \
    cargo build --locked --profile dist --package inroad --bin inroad && cp target/dist/inroad /usr/local/bin/inroad

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /usr/local/bin/inroad /inroad
USER 65532:65532
EXPOSE 8080 61779
ENTRYPOINT ["/inroad"]
