#!/usr/bin/env bash
# Builds upstream's `kubectl argo rollouts` into the cache, unless it is there, and prints the program's path as the last
# line of stdout. The tests use it as its users do.
set -euo pipefail

cache="$(realpath -m "${WINDLASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/windlass}")/plugin"
cd "$(dirname "${BASH_SOURCE[0]}")"
say() { printf 'plugin: %s\n' "$*" >&2; }

command -v go >/dev/null || { say "Go is missing; install the version that go.mod names (https://go.dev/dl)"; exit 1; }

hash=$({ go version; sha256sum go.mod go.sum build.sh; } | sha256sum | cut -c1-16)
program="$cache/$hash/kubectl-argo-rollouts"
if [[ -x "$program" ]]; then
    echo "$program"
    exit 0
fi
mkdir -p "$cache/$hash"
exec 9>"$cache/lock"
flock 9
if [[ ! -x "$program" ]]; then
    started=$SECONDS
    say "building kubectl argo rollouts: about 3 minutes of CPU the first time"
    CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$program.new" \
        github.com/argoproj/argo-rollouts/cmd/kubectl-argo-rollouts 9>&-
    mv "$program.new" "$program"
    say "built in $((SECONDS - started)) s: $program"
fi
# One build stays.
find "$cache" -mindepth 1 -maxdepth 1 -type d ! -name "$hash" -exec rm -rf {} +
echo "$program"
