#!/usr/bin/env bash
# Installs what must be there before cargo can build anything: a C tool chain, and for the tests Java, Maven,
# PostgreSQL, npm, Go, Chromium, a software key module and the solver cvc5. Everything else is the business of `cargo xtask setup`, which this machine
# can run afterwards.
# Usage: deploy/setup.sh demo|test
set -euo pipefail

level=${1:-demo}
case "$level" in demo | test) ;; *) echo "usage: $0 demo|test" >&2; exit 2 ;; esac

if ! command -v cargo >/dev/null; then
  [ -x "$HOME/.cargo/bin/cargo" ] && hint=" (it is in ~/.cargo/bin: put that folder on your PATH)" || hint=""
  echo "setup: a Rust toolchain, 1.94 or newer, must be installed first: cargo is not on the PATH$hint" >&2
  exit 1
fi

packages=()
need() { # need PROGRAM PACKAGE...
  command -v "$1" >/dev/null || packages+=("${@:2}")
}
need cc build-essential
need c++ build-essential
need make build-essential
need perl perl
need pkg-config pkg-config
need git git
if [ "$level" = test ]; then
  need java default-jre-headless
  need mvn maven
  need npm npm
  need go golang-go
  need chromium chromium
  [ -n "${CVC5:-}" ] || need cvc5 cvc5
  [ -e /usr/lib/softhsm/libsofthsm2.so ] || packages+=(softhsm2)
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql
fi

if [ ${#packages[@]} -eq 0 ]; then
  exit 0
fi
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
echo "setup: missing Debian packages: ${packages[*]}"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; then
    echo "setup: only root may install them. Run: sudo apt-get install -y ${packages[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null; then
  echo "setup: this machine has no apt-get; install these (Debian's names) its own way, then try again" >&2
  exit 1
fi
echo "setup: installing them with apt-get"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" </dev/null >/dev/null
echo "setup: installed ${packages[*]}"
