#!/bin/sh
# Secrets come as files. For each MASH_<NAME>_FILE this sets MASH_<NAME> to what the file holds, then becomes `mash`.
set -eu
for name in $(env | sed -n 's/^\(MASH_[A-Z_]*\)_FILE=.*/\1/p'); do
  file=$(printenv "${name}_FILE")
  [ -r "$file" ] || { echo "entrypoint: $file, named by ${name}_FILE, cannot be read" >&2; exit 1; }
  export "$name=$(cat "$file")"
  unset "${name}_FILE"
done
exec mash "$@"
