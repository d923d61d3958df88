#!/bin/sh
# Writes manifests/crds from the types in crates/model. With --check: fails where what is there differs.
set -eu
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cargo run --release --quiet --package model --example crds -- "$fresh"

if [ "${1:-}" = --check ]; then
    diff -r -x kustomization.yaml manifests/crds "$fresh" || {
        echo "manifests/crds is not what the types say: run scripts/manifests.sh" >&2
        exit 1
    }
else
    find manifests/crds -name '*.yaml' ! -name kustomization.yaml -delete
    cp "$fresh"/*.yaml manifests/crds/
fi
