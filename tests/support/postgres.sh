#!/usr/bin/env bash
# A PostgreSQL cluster to throw away, for tests and for trying things out.
#
#   tests/support/postgres.sh                     start one, print its address, keep it until Ctrl-C
#   tests/support/postgres.sh cargo test          run a command with COUNTERSIGN_TEST_DATABASE set to it
#
# Without a command, the lines `stop` and `start` on its standard input stop it and start it again, with its data and
# on its port; it answers `stopped` and `started`. `standby` starts a standby that follows it, on a port of its own, and
# is answered with its address, `standby postgres://…`; `standby stop` ends it, and `standby` starts it again.
#
# It listens on 127.0.0.1, on a free port, and on a socket in its own folder, takes a random password, and is gone
# with its files when the command ends. It never waits for the disk, so nothing worth keeping belongs in it; with
# COUNTERSIGN_TEST_POSTGRES_DURABLE=1 it does, as PostgreSQL is shipped, for those who measure it, and
# COUNTERSIGN_TEST_POSTGRES_SETTINGS='shared_buffers=4GB max_wal_size=16GB' is what it is set to besides.
# PostgreSQL refuses to run as root; started by root, it runs as `postgres`, or as COUNTERSIGN_TEST_POSTGRES_USER.
set -euo pipefail

main() {
    find_programs
    folder=$(mktemp -d /tmp/countersign-postgres.XXXXXX)
    server='' command='' standby='' standby_port=''
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    make_cluster
    start_server
    export COUNTERSIGN_TEST_DATABASE_CA="$folder/ca.crt"
    export COUNTERSIGN_TEST_DATABASE="postgres://countersign:$password@127.0.0.1:$port/postgres"
    if [ $# -eq 0 ]; then
        printf 'COUNTERSIGN_TEST_DATABASE=%s\n' "$COUNTERSIGN_TEST_DATABASE"
        printf 'Ready; Ctrl-C ends it. Its log: %s\n' "$folder/log" >&2
        while read -r order; do obey "$order"; done
        wait "$server" || fail "PostgreSQL ended by itself"
    else
        # In the background, so that a signal to this script need not wait for the command; as a process group of
        # its own (`set -m`), so that what the command started ends with it.
        set -m
        "$@" <&0 &
        command=$!
        set +m
        wait "$command"
    fi
}

find_programs() {
    local found
    found=$(command -v initdb || true)
    if [ -z "$found" ] || [ ! -x "$(dirname "$(readlink -f "$found")")/postgres" ]; then
        found=$(ls -d /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
    fi
    [ -n "$found" ] || fail 'initdb was not found; install PostgreSQL (Debian, Ubuntu: apt-get install postgresql)'
    programs=$(dirname "$(readlink -f "$found")")
    as_user=()
    if [ "$(id -u)" -eq 0 ]; then
        user=${COUNTERSIGN_TEST_POSTGRES_USER:-postgres}
        id -u "$user" >/dev/null 2>&1 || fail "there is no user $user to run PostgreSQL as; set COUNTERSIGN_TEST_POSTGRES_USER"
        as_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups)
    fi
}

make_cluster() {
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '%s' "$password" >"$folder/password")
    [ ${#as_user[@]} -eq 0 ] || chown -R "$user" "$folder"
    # Passwords cross loopback only. As plain text they cost a debug build nothing, which SCRAM does.
    (enter "$programs/initdb" --pgdata="$folder/data" --username=countersign --pwfile="$folder/password" \
        --auth-local=password --auth-host=password --encoding=UTF8 --locale=C --no-sync >"$folder/log" 2>&1) ||
        { cat "$folder/log" >&2; fail 'initdb failed'; }
    rm "$folder/password"
    make_certificate
}

# Its own authority: TLS to the database is tested with COUNTERSIGN_TEST_DATABASE_CA, and without it refused.
make_certificate() {
    command -v openssl >/dev/null || fail 'openssl was not found; install it (Debian, Ubuntu: apt-get install openssl)'
    (cd "$folder" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj '/CN=countersign tests' -addext 'subjectAltName=IP:127.0.0.1' -addext 'basicConstraints=critical,CA:FALSE' -keyout data/server.key -out data/server.crt \
        >>"$folder/log" 2>&1) || fail 'openssl could not make a certificate'
    cp "$folder/data/server.crt" "$folder/ca.crt"
    chmod 600 "$folder/data/server.key"
    chmod 755 "$folder"
    [ ${#as_user[@]} -eq 0 ] || chown "$user" "$folder/data/server.key" "$folder/data/server.crt"
}

obey() {
    case $1 in
        # INT: connections are closed, and what was committed is written.
        stop) stop "$server" INT && server='' && echo stopped ;;
        start) run_server && wait_for_server && echo started || fail 'PostgreSQL did not start again' ;;
        standby) start_standby && echo "standby postgres://countersign:$password@127.0.0.1:$standby_port/postgres" ;;
        'standby stop') stop "$standby" INT && standby='' && echo 'standby stopped' ;;
        *) printf 'postgres.sh: stop, start or standby, not %s\n' "$1" >&2 ;;
    esac
}

# A copy of what is there, made over the wire as anybody's would be, and then what the other writes.
start_standby() {
    local url="postgres://countersign:$password@127.0.0.1:$port/postgres"
    if [ ! -d "$folder/standby" ]; then
        (enter "$programs/pg_basebackup" --dbname="$url" --pgdata="$folder/standby" --write-recovery-conf \
            --checkpoint=fast --no-sync >"$folder/standby.log" 2>&1) ||
            { cat "$folder/standby.log" >&2; fail 'pg_basebackup failed'; }
    fi
    for _ in 1 2 3 4 5 6 7 8; do
        [ -n "$standby_port" ] || standby_port=$(free_port)
        enter "$programs/postgres" -D "$folder/standby" -p "$standby_port" "${settings[@]}" \
            >"$folder/standby.log" 2>&1 </dev/null &
        standby=$!
        if wait_for "$standby" "$folder/standby.log" 'ready to accept read-only connections'; then return; fi
        stop "$standby"
        standby='' standby_port=''
    done
    cat "$folder/standby.log" >&2
    fail 'the standby did not start'
}

# Another program may take the port between the look and the start; then the next one is tried.
start_server() {
    for _ in 1 2 3 4 5 6 7 8; do
        port=$(free_port)
        run_server
        if wait_for_server; then return; fi
        stop "$server"
        server=''
    done
    cat "$folder/log" >&2
    fail 'PostgreSQL did not start'
}

run_server() {
    local careless=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off)
    [ -z "${COUNTERSIGN_TEST_POSTGRES_DURABLE:-}" ] || careless=()
    settings=(-c listen_addresses=127.0.0.1 -c ssl=on -c unix_socket_directories="$folder" -c max_connections=300
        -c shared_buffers=64MB ${careless[@]+"${careless[@]}"})
    local setting
    for setting in ${COUNTERSIGN_TEST_POSTGRES_SETTINGS:-}; do settings+=(-c "$setting"); done
    enter "$programs/postgres" -D "$folder/data" -p "$port" "${settings[@]}" >"$folder/log" 2>&1 </dev/null &
    server=$!
}

wait_for_server() {
    wait_for "$server" "$folder/log" 'ready to accept connections'
}

# Not pg_isready: a stranger on the same port would answer it as well.
wait_for() {
    local process=$1 log=$2 words=$3
    for _ in $(seq 300); do
        if grep -q "$words" "$log"; then return; fi
        kill -0 "$process" 2>/dev/null || break
        sleep 0.1
    done
    return 1
}

free_port() {
    local free
    while :; do
        free=$((20000 + RANDOM % 10000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$free") 2>/dev/null; then break; fi
    done
    echo "$free"
}

# Becomes the program, so the process id `$!` is the one to end. The user it runs as may not see our own folder.
enter() {
    cd "$folder"
    exec ${as_user[@]+"${as_user[@]}"} "$@"
}

clean_up() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    if [ -n "$command" ] && kill -TERM -- "-$command" 2>/dev/null; then wait "$command" || true; fi
    # QUIT: at once, and nothing is owed to the disk.
    [ -z "$standby" ] || stop "$standby" QUIT
    [ -z "$server" ] || stop "$server" QUIT
    rm -rf "$folder"
    exit "$status"
}

stop() {
    kill "-${2:-TERM}" "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

fail() {
    printf 'postgres.sh: %s\n' "$1" >&2
    exit 1
}

main "$@"
