#!/usr/bin/env bash
# PgBouncer in transaction mode between a command and its PostgreSQL, as docs/scale.md configures it.
#
#   tests/support/postgres.sh tests/support/pgbouncer.sh cargo test --test it token::
#
# The address in COUNTERSIGN_TEST_DATABASE is replaced by PgBouncer's; everything ends with the command. It takes
# PgBouncer 1.21 or newer (prepared statements in transaction mode): `pgbouncer` in PATH, or COUNTERSIGN_TEST_PGBOUNCER.
# PgBouncer refuses to run as root; started by root, it runs as `postgres`.
set -euo pipefail

main() {
    [ $# -gt 0 ] || fail 'what is to be run behind it?'
    : "${COUNTERSIGN_TEST_DATABASE:?run it inside of tests/support/postgres.sh}"
    program=${COUNTERSIGN_TEST_PGBOUNCER:-pgbouncer}
    command -v "$program" >/dev/null || fail 'pgbouncer was not found; set COUNTERSIGN_TEST_PGBOUNCER'
    folder=$(mktemp -d /tmp/countersign-pgbouncer.XXXXXX)
    bouncer='' command=''
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    start_bouncer
    export COUNTERSIGN_TEST_DATABASE="postgres://$user:$password@127.0.0.1:$port/postgres"
    # what is seen of a session is not whose it is
    export COUNTERSIGN_TEST_POOLED=1
    unset COUNTERSIGN_TEST_DATABASE_CA
    set -m
    "$@" <&0 &
    command=$!
    set +m
    wait "$command"
}

start_bouncer() {
    local rest=${COUNTERSIGN_TEST_DATABASE#*://}
    local who=${rest%%@*} where=${rest#*@}
    where=${where%%/*} user=${who%%:*} password=${who#*:}
    as_user=()
    [ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid=postgres --regid="$(id -g postgres)" --init-groups)
    printf '"%s" "%s"\n' "$user" "$password" >"$folder/users"
    for _ in 1 2 3 4 5 6 7 8; do
        port=$((30000 + RANDOM % 2000))
        write_configuration "${where%:*}" "${where##*:}"
        [ ${#as_user[@]} -eq 0 ] || chown -R postgres "$folder"
        (cd "$folder" && exec ${as_user[@]+"${as_user[@]}"} "$program" "$folder/ini" >"$folder/log" 2>&1 </dev/null) &
        bouncer=$!
        for _ in $(seq 100); do
            if grep -q 'process up' "$folder/log"; then return; fi
            kill -0 "$bouncer" 2>/dev/null || break
            sleep 0.1
        done
    done
    cat "$folder/log" >&2
    fail 'PgBouncer did not start'
}

# What differs from docs/scale.md is for tests alone: hundreds of databases, each for a moment.
write_configuration() {
    cat >"$folder/ini" <<INI
[databases]
* = host=$1 port=$2 connect_query='SET statement_timeout = 3000; SET idle_in_transaction_session_timeout = 10000'

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = plain
auth_file = $folder/users
pool_mode = transaction
max_prepared_statements = 500
ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout
max_client_conn = 2000
default_pool_size = 6
server_idle_timeout = 2
autodb_idle_timeout = 5
INI
}

clean_up() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    if [ -n "$command" ] && kill -TERM -- "-$command" 2>/dev/null; then wait "$command" || true; fi
    if [ -n "$bouncer" ]; then kill -INT "$bouncer" 2>/dev/null || true; wait "$bouncer" 2>/dev/null || true; fi
    if [ "$status" -ne 0 ]; then grep -E 'WARNING|ERROR|FATAL' "$folder/log" | grep -v 'dropping database' | tail -n 20 >&2 || true; fi
    rm -rf "$folder"
    exit "$status"
}

fail() {
    printf 'pgbouncer.sh: %s\n' "$1" >&2
    exit 1
}

main "$@"
