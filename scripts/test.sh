#!/usr/bin/env bash
# Runs what CI runs and closes with one line: N passed, N failed. `quick` leaves out what needs a cluster or browser.
set -uo pipefail
cd "$(dirname "$0")/.."
quick=${1:-}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed_steps=0
started=$(date +%s)

step() { # step NAME COMMAND...
  local name=$1 begun
  shift
  begun=$(date +%s)
  echo "== $name"
  if "$@" 2>&1 | tee -a "$log"; then
    echo "== $name: ok ($(($(date +%s) - begun)) s)"
  else
    echo "== $name: FAILED ($(($(date +%s) - begun)) s)"
    failed_steps=$((failed_steps + 1))
  fi
}

step format cargo fmt --all --check
step lints cargo clippy --release --workspace --all-targets --quiet -- -D warnings
step documentation env RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --quiet
if [ "$quick" = quick ]; then
  tests=()
  for file in crates/*/tests/*.rs; do
    name=$(basename "$file" .rs)
    [[ " ${tests[*]} " == *" $name "* ]] || tests+=(--test "$name")
  done
  step tests cargo test --release --workspace --lib --bins "${tests[@]}" --no-fail-fast
  step "tests of the program" cargo test --release --workspace --test it --no-fail-fast -- \
    architecture:: cli:: conformance:: git:: page:: providers:: --skip cli::diff:: --skip prometheus::
else
  step "control plane" tests/controlplane/build.sh
  step "kubectl argo rollouts" tests/plugin/build.sh
  step tests cargo test --release --workspace --no-fail-fast
  # The golden corpus lies beside the project; a stranger's clone does not have it.
  [ ! -d ../shared/corpus ] || step conformance env WINDLASS="$PWD/target/release/windlass" scripts/conformance.sh
fi

passed=$(grep -hoE '^test result: .* [0-9]+ passed' "$log" | grep -oE '[0-9]+ passed' | awk '{s+=$1} END {print s+0}')
failed=$(grep -hoE '[0-9]+ failed; [0-9]+ ignored' "$log" | awk '{s+=$1} END {print s+0}')
[ "$failed" -ge "$failed_steps" ] || failed=$failed_steps
echo "took $(($(date +%s) - started)) s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
