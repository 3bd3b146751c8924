#!/usr/bin/env bash
# The part of the published image's start that we use: a cluster, its owner, its database, made once.
set -euo pipefail
data=/var/lib/postgresql/data
if [ ! -e "$data/PG_VERSION" ]; then
  # shellcheck disable=SC2086 # the arguments are several words
  initdb -D "$data" -U "${POSTGRES_USER:?}" -E UTF8 --locale=C.UTF-8 --auth-local=trust \
    ${POSTGRES_INITDB_ARGS:-} --pwfile="${POSTGRES_PASSWORD_FILE:?}"
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  # Only over the local socket, so that nobody connects before the database is there.
  pg_ctl -D "$data" -w -o "-c listen_addresses='' -c unix_socket_directories=/tmp" start
  psql -h /tmp -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE ${POSTGRES_DB:?}"
  pg_ctl -D "$data" -m fast -w stop
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
