#!/usr/bin/env bash
# Checks what building and testing need, installs what Debian's packages can give, names the rest.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
packages=()
need() { # need COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || { missing+=("$1"); packages+=("$2"); }
}
need cc gcc
need make make
need pkg-config pkg-config
need git git
need curl curl
need jq jq
need readelf binutils
need ip iproute2
need chromium chromium
need chromedriver chromium-driver
need sshd openssh-server
need prometheus prometheus
need faketime faketime
[ -x /usr/sbin/sshd ] && packages=("${packages[@]/openssh-server/}") && missing=("${missing[@]/sshd/}")
python3 -m pip --version >/dev/null 2>&1 || { missing+=(pip); packages+=(python3-pip); }
python3 -c 'import yaml' 2>/dev/null || { missing+=("PyYAML"); packages+=(python3-yaml); }
pkg-config --exists openssl 2>/dev/null || { missing+=("openssl headers"); packages+=(libssl-dev); }

read -r -a packages <<<"${packages[*]:-}"
if [ "${#packages[@]}" -gt 0 ]; then
  echo "installing: ${packages[*]}" >&2
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing: ${missing[*]}; install them with your system's packages (Debian's names: ${packages[*]})" >&2
    exit 1
  fi
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends "${packages[@]}"
fi

fail=0
command -v cargo >/dev/null 2>&1 || { echo "missing: Rust 1.95; install it with: curl -sSf https://sh.rustup.rs | sh -s -- -y" >&2; fail=1; }
command -v go >/dev/null 2>&1 || { echo "missing: Go 1.26; install it from https://go.dev/dl, or: apt-get install -y golang" >&2; fail=1; }
exit "$fail"
