#!/usr/bin/env bash
# Prints the URL of a PostgreSQL server for tests, without a database: PARLEY_TEST_POSTGRES, if it is set,
# or the server of this machine. Starts it or waits for it, and makes a role that is an ordinary one:
# row-level security would not hold a superuser back.
set -euo pipefail

ROLE=parley_test PASSWORD=parley_test
PATIENCE=60 # seconds

answers() { # URL
    psql "$1/postgres" -qtAc 'SELECT 1' >/dev/null 2>&1
}

as_postgres() {
    if [[ "$(id -un)" == postgres ]]; then
        "$@"
    elif [[ "$(id -u)" == 0 ]] && command -v runuser >/dev/null; then
        runuser -u postgres -- "$@"
    elif [[ "$(id -u)" == 0 ]]; then
        su postgres -s /bin/sh -c "$(printf '%q ' "$@")"
    else
        sudo -n -u postgres "$@"
    fi
}

wait_for() { # command…
    for ((second = 0; second < PATIENCE; second++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 1
    done
    return 1
}

start() {
    if command -v pg_lsclusters >/dev/null; then
        while read -r version name _ status _; do
            [[ "$status" == online* ]] || pg_ctlcluster "$version" "$name" start >&2 || true
        done < <(pg_lsclusters -h)
    elif command -v pg_ctl >/dev/null && [[ -n "${PGDATA:-}" ]]; then
        as_postgres pg_ctl -D "$PGDATA" -w start >&2 || true
    fi
}

if [[ -n "${PARLEY_TEST_POSTGRES:-}" ]]; then
    url="${PARLEY_TEST_POSTGRES%/}"
    wait_for answers "$url" || { echo "PARLEY_TEST_POSTGRES does not answer." >&2 && exit 1; }
    echo "$url"
    exit
fi

port="${PGPORT:-5432}"
url="postgresql://$ROLE:$PASSWORD@127.0.0.1:$port"
if ! answers "$url"; then
    pg_isready -q -p "$port" || start
    wait_for pg_isready -p "$port" || {
        echo "No PostgreSQL answers on port $port: start one, or set PARLEY_TEST_POSTGRES." >&2
        exit 1
    }
    as_postgres psql -qX -p "$port" -v ON_ERROR_STOP=1 >&2 <<SQL
DO \$\$ BEGIN
    CREATE ROLE $ROLE;
EXCEPTION WHEN duplicate_object THEN NULL;
END \$\$;
ALTER ROLE $ROLE LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD '$PASSWORD';
SQL
fi
answers "$url" || { echo "The role $ROLE cannot sign in on port $port." >&2 && exit 1; }
echo "$url"
