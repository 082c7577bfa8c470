# The agent's image: the binary without the demo and the simulator, in an image without a shell.
FROM rust:1.95-slim-bookworm AS build
# aws-lc-rs compiles C; it needs a compiler, and no cmake.
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked --no-default-features --bin driftless \
    && strip target/release/driftless

# glibc, CA certificates and time zones; no shell, no package manager. Runs as user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/driftless /usr/local/bin/driftless
# driftless.yaml and the tokens beside it are mounted here.
WORKDIR /etc/driftless
# Nothing is written but the copies of remote repositories: run it with a read-only root file system and a writable /tmp.
ENV CACHE_DIRECTORY=/tmp/driftless TMPDIR=/tmp
VOLUME ["/tmp"]
USER nonroot:nonroot
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/driftless", "status", "--live"]
ENTRYPOINT ["/usr/local/bin/driftless"]
CMD ["agent"]
