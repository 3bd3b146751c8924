#!/usr/bin/env bash
# Brings docker-compose.yml up for real on a Debian machine without Docker, as root: starts an engine of its own from
# Debian's packages, takes the published base images or, where they cannot be pulled, builds stand-ins for them, plays
# the night against the published ports, and takes everything down again.
#
#   deploy/docker-up.sh                 the whole of it
#   deploy/docker-up.sh --keep          leave the services and the engine running; prints how to reach them
#   deploy/docker-up.sh --down          take down what --keep left
#   deploy/docker-up.sh --from-source   build the binary inside the image, instead of copying the one built here
#   MASH_BINARY=path deploy/docker-up.sh   copy that binary
set -euo pipefail
cd "$(dirname "$0")/.."
readonly engine=$PWD/.tools/docker
readonly socket=$engine/docker.sock
export DOCKER_HOST=unix://$socket COMPOSE_PROJECT_NAME=mash
export COMPOSE_FILE=docker-compose.yml:deploy/compose.play.yml

say() { echo "docker-up: $*" >&2; }
die() { say "$*"; exit 1; }

keep='' down='' from_source=''
for argument; do
  case "$argument" in
    --keep) keep=yes ;;
    --down) down=yes ;;
    --from-source) from_source=yes ;;
    *) die "unknown argument: $argument" ;;
  esac
done
[ "$(id -u)" -eq 0 ] || die 'an engine of its own needs root; with Docker at hand: docker compose up --build --detach'

compose() {
  if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

install_packages() {
  local missing=() pair
  for pair in dockerd:docker.io docker-compose:docker-compose debootstrap:debootstrap iptables:iptables ip:iproute2; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing with apt-get: ${missing[*]}"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" </dev/null
}

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

start_engine() {
  engine_answers && return 0
  [ ! -S /var/run/docker.sock ] || ! DOCKER_HOST=unix:///var/run/docker.sock engine_answers ||
    die 'a Docker engine already runs here; use it: deploy/make-secrets.sh && docker compose up --build --detach'
  mkdir -p "$engine"
  ip link show docker0 >/dev/null 2>&1 || touch "$engine/made-docker0"
  local attempt
  # The plain way first; then for a machine whose kernel lets us touch neither overlays nor packet filters.
  for attempt in '' '--storage-driver=vfs' '--storage-driver=vfs --iptables=false --bridge=none'; do
    # shellcheck disable=SC2086 # each attempt is several words
    setsid dockerd --data-root "$engine/data" --exec-root "$engine/run" --pidfile "$engine/pid" \
      --host "unix://$socket" $attempt >"$engine/log" 2>&1 </dev/null &
    local launched=$! waited=0
    while [ $waited -lt 60 ] && kill -0 $launched 2>/dev/null; do
      engine_answers && { say "engine $(docker version --format '{{.Server.Version}}') runs ${attempt:-with its defaults}"; return 0; }
      sleep 0.5
      waited=$((waited + 1))
    done
    say "the engine does not start ${attempt:-with its defaults}:"
    tail -n 15 "$engine/log" >&2
    kill $launched 2>/dev/null || true
    wait $launched 2>/dev/null || true
  done
  die 'no Docker engine can be started on this machine'
}

stop_engine() {
  if [ -e "$engine/pid" ]; then
    local pid
    pid=$(cat "$engine/pid")
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
  fi
  if [ -e "$engine/made-docker0" ]; then
    ip link delete docker0 2>/dev/null || true
    rm -f "$engine/made-docker0"
  fi
  say 'engine stopped'
}

have() { docker image inspect "$1" >/dev/null 2>&1; }

pulled() { # pulled IMAGE
  have "$1" || timeout 120 docker pull --quiet "$1" >/dev/null 2>&1
}

standin_debian() {
  have mash-standin/debian:bookworm && return 0
  say 'building a stand-in for debian:bookworm-slim with debootstrap'
  local tree
  tree=$(mktemp -d "$engine/rootfs.XXXXXX")
  debootstrap --variant=minbase bookworm "$tree" >"$engine/debootstrap.log" 2>&1 || {
    tail -n 15 "$engine/debootstrap.log" >&2
    die 'debootstrap failed'
  }
  tar -C "$tree" -c . | docker import - mash-standin/debian:bookworm >/dev/null
  rm -rf "$tree"
}

build_quietly() { # build_quietly TAG CONTEXT [ARGUMENT...]
  local tag=$1 context=$2
  shift 2
  docker build --tag "$tag" "$@" "$context" >"$engine/build.log" 2>&1 || {
    tail -n 40 "$engine/build.log" >&2
    die "cannot build $tag"
  }
}

choose_bases() {
  if pulled debian:bookworm-slim; then
    say 'the published base images can be pulled, and are used'
    return 0
  fi
  say 'debian:bookworm-slim cannot be pulled; stand-ins take the place of the published images'
  standin_debian
  export MASH_BASE_IMAGE=mash-standin/debian:bookworm
  local base="BASE_IMAGE=$MASH_BASE_IMAGE" context
  export MASH_POSTGRES_IMAGE=mash-standin/postgres:bookworm MASH_KAFKA_IMAGE=mash-standin/kafka:maven
  have "$MASH_POSTGRES_IMAGE" || {
    say "building a stand-in for PostgreSQL from Debian's package"
    build_quietly "$MASH_POSTGRES_IMAGE" deploy/standin/postgres --build-arg "$base"
  }
  have "$MASH_KAFKA_IMAGE" || {
    say 'building a stand-in for Kafka from Maven Central'
    cargo xtask kafka jars
    context=$(mktemp -d "$engine/kafka.XXXXXX")
    cp -r deploy/standin/kafka/. deploy/kafka/log4j2.xml .tools/kafka/libs "$context/"
    build_quietly "$MASH_KAFKA_IMAGE" "$context" --build-arg "$base"
    rm -rf "$context"
  }
  if [ -n "$from_source" ]; then
    export MASH_RUST_IMAGE=mash-standin/rust:local
    have "$MASH_RUST_IMAGE" || standin_rust
  fi
}

standin_rust() {
  say "building a stand-in for rust:1-bookworm from this machine's toolchain"
  local context sysroot
  sysroot=$(rustc --print sysroot)
  context=$(mktemp -d "$engine/rust.XXXXXX")
  mkdir "$context/toolchain"
  cp -r "$sysroot/bin" "$sysroot/lib" "$sysroot/libexec" "$context/toolchain/" 2>/dev/null || true
  cp deploy/standin/rust/Dockerfile /etc/ssl/certs/ca-certificates.crt "$context/"
  build_quietly "$MASH_RUST_IMAGE" "$context" --build-arg "BASE_IMAGE=$MASH_BASE_IMAGE"
  rm -rf "$context"
}

build_mash_image() {
  if [ -n "$from_source" ]; then
    say 'building the image from source'
    compose build police >"$engine/build.log" 2>&1 || { tail -n 40 "$engine/build.log" >&2; die 'cannot build the image'; }
    return 0
  fi
  local binary=${MASH_BINARY:-} context
  if [ -z "$binary" ]; then
    cargo build --release --locked --package mash-hub --bin mash
    binary=target/release/mash
  fi
  say "building the image around $binary"
  context=$(mktemp -d "$engine/mash.XXXXXX")
  mkdir "$context/deploy"
  cp deploy/entrypoint.sh "$context/deploy/"
  strip -o "$context/mash" "$binary"
  chmod 0755 "$context/mash"
  build_quietly mash-hub:local "$context" --file deploy/Dockerfile --target prebuilt \
    --build-arg "BASE_IMAGE=${MASH_BASE_IMAGE:-debian:bookworm-slim}"
  rm -rf "$context"
}

wait_until_healthy() {
  local deadline=$((SECONDS + 180)) service state container
  for service in kafka postgres police education routing social-care health delivery; do
    while :; do
      container=$(compose ps -q "$service" 2>/dev/null || true)
      state=''
      [ -z "$container" ] || state=$(docker inspect --format '{{.State.Health.Status}}' "$container")
      [ "$state" != healthy ] || break
      if [ $SECONDS -gt $deadline ]; then
        compose ps >&2 || true
        compose logs --tail 30 >&2 || true
        die "$service is not healthy but '${state:-absent}'"
      fi
      sleep 1
    done
    say "$service is healthy"
  done
}

# The player is a guest of the host's network and calls the published ports, as a police force would. Two faults of the
# night only the bus can have, and Kafka publishes no port: for these it is told where the broker's container is.
play() {
  local broker
  broker=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(compose ps -q kafka)")
  docker run --rm --network host --add-host "kafka:$broker" --volume mash_pki:/var/lib/mash mash-hub:local \
    demo --once --bus kafka://kafka:9092 --against \
    https://localhost:7443,https://localhost:7444,https://localhost:7445,https://localhost:7446,https://localhost:7447,https://localhost:7448,https://localhost:7449
}

take_down() {
  compose down --volumes --remove-orphans >/dev/null 2>&1 || true
  stop_engine
}

if [ -n "$down" ]; then
  engine_answers || die 'no engine of ours is running'
  take_down
  exit 0
fi

install_packages
start_engine
[ -n "$keep" ] || trap take_down EXIT
choose_bases
deploy/make-secrets.sh
build_mash_image
compose up --detach --no-build || { compose logs --tail 40 >&2; die 'the services do not come up'; }
wait_until_healthy
play
if [ -n "$keep" ]; then
  export -p | grep -E ' (DOCKER_HOST|COMPOSE_PROJECT_NAME|COMPOSE_FILE|MASH_[A-Z]+_IMAGE)=' >"$engine/env"
  say "left running. For your shell: . $engine/env; to end: $0 --down"
fi
