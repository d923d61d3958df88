#!/usr/bin/env bash
# Pushes a release into the demo's environment repository, as a pipeline does. Usage: demo-release.sh TAG
# Releases whose tag begins with bad- get errors from the demo's mesh, and are rolled back.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${WINDLASS_DEMO_DIR:-$PWD/.demo}
tag=${1:-}
[ -n "$tag" ] || { echo "say which: make demo-release TAG=1.1.0" >&2; exit 1; }
[[ "$tag" =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || { echo "$tag is no image tag" >&2; exit 1; }
[ -d "$folder/environment/.git" ] || { echo "the demo does not run: start it with make demo" >&2; exit 1; }
sed -i "s/tag: \".*\"/tag: \"$tag\"/" "$folder/environment/apps/templates/checkout.yaml"
cd "$folder/environment"
git -c user.name=demo -c user.email=demo@example.com commit -q -a -m "Release checkout $tag"
git push -q "$folder/repositories/environment.git" main
echo "pushed $(git rev-parse --short HEAD): checkout $tag"
