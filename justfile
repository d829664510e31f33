# Short names for what CONTRIBUTING.md explains. `just` alone lists them.

_default:
    @just --list

# Everything, on SQLite
test *args:
    cargo test {{args}}

# Everything, on a throw-away PostgreSQL
test-postgres *args:
    tests/support/postgres.sh cargo test {{args}}

# The pure half alone: no socket, no file, no database
test-pure *args:
    cargo test --no-default-features --lib {{args}}

# Published clients and a real browser against the real binary
clients *args:
    cargo build
    cargo test --manifest-path tests/clients/Cargo.toml {{args}}

# What an operation costs
bench *args:
    cargo bench --bench http {{args}}

# The gate: everything a change has to pass
ci:
    .ci/run
