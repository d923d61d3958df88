#!/usr/bin/env bash
# Renders ten charts of different size, cold and warm, on one core: our engine beside Helm's own in process (a Go
# module that only this bench uses). Usage: bench-helm.sh [FOLDER OF CHARTS]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-../shared/corpus/helm/charts}
[ -d "$folder" ] || { echo "no charts in $folder: name a folder of charts" >&2; exit 1; }
command -v go >/dev/null || { echo "Go is needed for Helm's own engine" >&2; exit 1; }

# All charts by size, then ten of them at equal steps.
mapfile -t all < <(du -sb "$(realpath "$folder")"/*/ | sort -n | cut -f2 | sed 's#/$##')
charts=()
for i in 0 1 2 3 4 5 6 7 8 9; do charts+=("${all[$((i * (${#all[@]} - 1) / 9))]}"); done

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
(cd benches/helm-peer && go build -o "$build/helm-peer" .)
cargo bench --quiet --profile release -p helm --bench render --no-run
cargo bench --quiet --profile release -p helm --bench render -- "${charts[@]}" >"$build/ours"
"$build/helm-peer" "${charts[@]}" >"$build/helm"
paste "$build/ours" "$build/helm" | awk -F'\t' '
  BEGIN { printf "%-34s %9s %9s %6s   %9s %9s %6s\n", "chart (microseconds)", "cold", "Helm", "ratio", "warm", "Helm", "ratio" }
  { name = $1; sub(/.*\//, "", name); sub(/.*__/, "", name)
    printf "%-34s %9d %9d %6.3f   %9d %9d %6.3f\n", name, $2, $5, $2 / $5, $3, $6, $3 / $6 }'
