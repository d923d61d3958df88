#!/usr/bin/env bash
# Builds the control plane into the cache, unless it is there, and prints the program's path as the last line of stdout.
# What goes in is part of the folder's name, so a change of the sources makes a new build and never a stale one.
set -euo pipefail

cache="$(realpath -m "${WINDLASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/windlass}")/controlplane"
cd "$(dirname "${BASH_SOURCE[0]}")"
say() { printf 'controlplane: %s\n' "$*" >&2; }

command -v go >/dev/null || { say "Go is missing; install the version that go.mod names (https://go.dev/dl)"; exit 1; }

kubernetes=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' go.mod)
IFS=. read -r major minor _ <<<"${kubernetes#v}"

sources=$(find . -maxdepth 1 \( -name '*.go' ! -name '*_test.go' -o -name 'go.mod' -o -name 'go.sum' -o -name 'build.sh' \) | LC_ALL=C sort)
hash=$({ go version; sha256sum $sources stages/*.yaml crds/go.mod crds/go.sum; } | sha256sum | cut -c1-16)
target="$cache/$hash"
program="$target/controlplane"

if [[ -x "$program" && -e "$target/complete" ]]; then
    touch "$target"
    echo "$program"
    exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/lock"
if ! flock --nonblock 9; then
    say "another build is running; waiting for it"
    flock 9
fi
if [[ -x "$program" && -e "$target/complete" ]]; then
    echo "$program"
    exit 0
fi

# Copies the CustomResourceDefinitions of module $1 that lie under the paths $3... into the set $2.
copy_crds() {
    local module=$1 set=$2 folder
    shift 2
    folder=$(cd crds && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
    [[ -d "$folder" ]] || { say "could not download $module; is the Go module proxy reachable?"; exit 1; }
    local path file
    for path in "$@"; do
        for file in "$folder"/$path; do
            grep -q '^kind: CustomResourceDefinition' "$file" || continue
            printf -- '---\n'
            cat "$file"
        done
    done >"$temporary/crds/$set.yaml"
    [[ -s "$temporary/crds/$set.yaml" ]] || { say "$module has no CustomResourceDefinitions under $*"; exit 1; }
}

rm -rf "$cache"/building.* # of builds that were killed; we hold the lock
temporary=$(mktemp -d "$cache/building.XXXXXX")
building=
trap '[[ -z "$building" ]] || kill "$building" 2>/dev/null || true; rm -rf "$temporary"' EXIT

say "building Kubernetes $kubernetes with etcd and KWOK: about 12 minutes of CPU the first time (7 on two free cores), half a minute later on"
mkdir "$temporary/crds"
copy_crds istio.io/api istio 'kubernetes/customresourcedefinitions.gen.yaml'
copy_crds sigs.k8s.io/gateway-api gateway-api 'config/crd/standard/*.yaml'
copy_crds sigs.k8s.io/gateway-api gateway-api-experimental 'config/crd/experimental/*.yaml'
copy_crds github.com/prometheus-operator/prometheus-operator prometheus-operator 'example/prometheus-operator-crd/*.yaml'

started=$SECONDS next_report=$((SECONDS + 15))
version=k8s.io/component-base/version
# The lock is not for the compiler: it would be held for as long as any of its children lives.
CGO_ENABLED=0 go build -v -trimpath \
    -ldflags "-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=$major -X $version.gitMinor=$minor" \
    -o "$temporary/controlplane" . 2>"$temporary/build.log" 9>&- &
building=$!
while kill -0 "$building" 2>/dev/null; do
    sleep 1
    if ((SECONDS >= next_report)); then
        next_report=$((SECONDS + 15))
        say "still building, $((SECONDS - started)) s, $(wc -l <"$temporary/build.log") packages compiled (about 2000 the first time)"
    fi
done
if ! wait "$building"; then
    building=
    say "the build failed:"
    tail -n 20 "$temporary/build.log" >&2
    exit 1
fi
building=

ln -s controlplane "$temporary/kubectl"
rm "$temporary/build.log"
touch "$temporary/complete"
rm -rf "$target"
mv "$temporary" "$target"
chmod 755 "$target"

# The two newest builds stay: switching between two branches must not build each time.
ls -1dt "$cache"/*/ | grep -E '/[0-9a-f]{16}/$' | tail -n +3 | while read -r old; do rm -rf "$old"; done

say "built in $((SECONDS - started)) s: $program"
echo "$program"
