#!/usr/bin/env bash
# Compares what the Helm engine makes of the golden corpus beside the project with what Helm makes of it, and prints
# both scores. Fails where fewer cases than last time are equal in meaning; raise the numbers below when they rise.
# Further arguments go to the comparer (`--only 003,017`, `--all-faults`, `--times`).
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A least=([helm]=70 [helm/functions]=3935)
corpus=../shared/corpus
[ -d "$corpus" ] || { echo "$corpus is not here: nothing to compare with" >&2; exit 1; }
python3 -c 'import yaml' 2>/dev/null || { echo "missing: PyYAML; make setup installs it" >&2; exit 1; }

# WINDLASS names a program that is there already.
[ -n "${WINDLASS:-}" ] || cargo build --release --workspace --quiet --bin windlass
program=${WINDLASS:-$PWD/target/release/windlass}
render="$program render helm {chart} --release-name {name} --namespace {namespace} --kube-version {kube_version}"
render+=" --api-versions-file {api_versions_file} {values_flags} {set_flags}"
render+=" {include_crds_flag} {skip_tests_flag} {skip_schema_flag}"

status=0
for part in helm helm/functions; do
  echo "== $part"
  score=$(python3 "$corpus/compare_render.py" --corpus "$corpus/$part" --cmd "$render" "$@" | tee /dev/stderr | tail -n 1) || true
  equal=$(sed -n 's|^semantic \([0-9]*\)/.*|\1|p' <<<"$score")
  # A choice of cases (`--only`) has no number to reach.
  if [ "$#" = 0 ] && [ "${equal:-0}" -lt "${least[$part]}" ]; then
    echo "$part: ${equal:-0} cases are equal in meaning, ${least[$part]} were" >&2
    status=1
  fi
done
exit "$status"
