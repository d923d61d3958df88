#!/usr/bin/env bash
# Fuzzes each target for so many seconds (600 where none are given). Usage: fuzz.sh [SECONDS] [TARGET...]
# Inputs that were found worth keeping stay in fuzz/corpus, what fails in fuzz/artifacts; neither is committed: a
# finding becomes a test of the crate it is in.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:-600}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(template_parse template_run yaml_read chart_archive)
for target in "${targets[@]}"; do
  RUSTUP_TOOLCHAIN=nightly cargo fuzz run --fuzz-dir . -s none "$target" -- \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1
done
