#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml mounts, once, from the system's random numbers. Never overwrites one.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.mash/secrets
mkdir -p "$folder"
# The folder is closed to others; the files inside are readable, because a container's user is not this one.
chmod 0700 .mash "$folder"
if [ ! -e "$folder/postgres_password" ]; then
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s' "$password" >"$folder/postgres_password"
  printf 'postgres://mash:%s@postgres:5432/mash' "$password" >"$folder/database_url"
  chmod 0444 "$folder/postgres_password" "$folder/database_url"
  echo "make-secrets: made a database password in $folder"
else
  echo "make-secrets: $folder is there already"
fi
