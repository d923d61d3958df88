#!/usr/bin/env bash
# Measures windlass: renders, comparisons and plans in memory, then the whole agent on the local
# control plane: Applications, then Rollouts.
# Usage: bench.sh [render|diff|plan|agent]...   (all of them where none is named)
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$#" -gt 0 ] || set -- render diff plan agent
[[ " $* " != *" agent "* ]] || tests/controlplane/build.sh >/dev/null

# The profile of everything else: nothing is compiled twice.
cargo build --release --workspace --quiet --bin windlass
for bench in "$@"; do
  cargo bench --profile release --quiet --bench "$bench"
done
