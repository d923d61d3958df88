#!/usr/bin/env bash
# Takes docs/home.png and docs/application.png from the running demo. Usage: screenshots.sh [ADDRESS] [APPLICATION]
set -euo pipefail
cd "$(dirname "$0")/.."
address=${1:-127.0.0.1:8080}
application=${2:-argocd/production}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT

curl --silent --fail --output /dev/null "http://$address/readyz" || {
  echo "nothing is served at $address: start the demo with make demo" >&2
  exit 1
}
shoot() { # shoot PATH WIDTH,HEIGHT FILE
  chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$profile" \
    --timeout=4000 --window-size="$2" --screenshot="$3" "http://$address$1" 2>/dev/null
  echo "$3"
}
shoot / 1360,820 docs/home.png
shoot "/applications/$application" 1360,1000 docs/application.png
