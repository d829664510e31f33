# `just` lists these. Each is one line, so that it can be read off and typed where `just` is not installed.

_list:
    @just --list

# The tests, on SQLite
test *args:
    cargo test {{ args }}

# The same tests on a PostgreSQL made for the occasion
test-postgres *args:
    tests/support/postgres.sh cargo test {{ args }}

# The pure half alone: no socket, no file, no database
test-pure *args:
    cargo test --no-default-features --lib {{ args }}

# A PostgreSQL to try things out with, until Ctrl-C
postgres:
    tests/support/postgres.sh

# A real browser and published clients against the binary
clients *args:
    tests/clients/install
    cargo build
    cargo build --manifest-path tests/clients/Cargo.toml --workspace
    cargo test --manifest-path tests/clients/Cargo.toml {{ args }}

# Pictures of every page in a real browser, written to a folder
pages folder:
    cargo build
    COUNTERSIGN_PAGES={{ folder }} cargo test --manifest-path tests/clients/Cargo.toml every_page

# The sieges alone: the built program under attack; EFFORT times as long as in the gate
siege name='' effort='1':
    COUNTERSIGN_TEST_EFFORT={{ effort }} cargo test --test siege {{ name }} -- --nocapture

# One fuzz target for long, by libFuzzer (fuzz/README.md)
fuzz target seconds='600':
    cd fuzz && cargo +nightly fuzz run {{ target }} -- -max_total_time={{ seconds }}

# Licences, bans, duplicates, sources, advisories
deny:
    cargo deny check

# What an operation costs, compiled as it is published
bench *args:
    cargo bench --profile dist --bench load -- {{ args }}

# All that must hold before a change goes in
ci:
    .ci/run
