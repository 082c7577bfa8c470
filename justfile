# The recipes are what CI runs (.ci/run), one by one.

# Lists the recipes.
default:
    @just --list

# The story in the terminal, without an AWS account.
demo:
    cargo run -- demo

# Every test that needs only a Rust toolchain.
test:
    cargo test --workspace

# The property of tests/property over many random cases; one round alone with DRIFTLESS_SEED=7.
property CASES="2000":
    DRIFTLESS_CASES={{CASES}} cargo test --test property -- --nocapture

# Chaos over many seeds, optimised; a record of a run is in docs/reliability.md. One alone: `DRIFTLESS_SEED=7 cargo test --test chaos`.
chaos SEEDS="10000":
    DRIFTLESS_SEEDS={{SEEDS}} cargo test --profile quick --test chaos whatever_happens -- --nocapture

# Plants the faults of tests/chaos/planted, one at a time, and says which seed finds each. Some alone: `just planted 500 3 7`.
planted SEEDS="500" *NUMBERS:
    tests/chaos/planted/run --seeds {{SEEDS}} {{NUMBERS}}

# The real binary under kills for so many seconds.
soak SECONDS="600":
    DRIFTLESS_SOAK={{SECONDS}} cargo test --test soak -- --ignored --nocapture

# What many services cost the agent, as docs/benchmarks.md keeps it: 1,000 and 10,000, or as many as are named.
bench *COUNTS:
    cargo bench --profile quick --bench scale -- {{COUNTS}}

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# The production build: without the demo and the simulator.
lean:
    cargo clippy --no-default-features -- -D warnings

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

deny:
    cargo deny --all-features check

# All suites against the simulator, moto and MiniStack; with an endpoint (and a CA file): the agent's suites against it.
conformance *ARGS:
    conformance/run {{ARGS}}

# The table of AWS's documents, from the installed botocore.
model:
    python3 conformance/model/regenerate.py

# The production image.
image TAG="driftless:dev":
    docker build -t {{TAG}} .

# All of it.
ci:
    .ci/run
