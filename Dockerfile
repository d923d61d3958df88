# Multi-stage, for amd64 and arm64: docker buildx build --platform linux/amd64,linux/arm64 .
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends libssl-dev pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin windlass && scripts/image-root.sh target/release/windlass /image

# No shell, no package manager: the program, the libraries it names, and the certificates of public authorities.
FROM scratch
COPY --from=build /image /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/windlass"]
