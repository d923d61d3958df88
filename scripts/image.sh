#!/usr/bin/env bash
# Puts the container image together without a daemon: an OCI layout, with what the Dockerfile says.
# Usage: image.sh                          builds for amd64 and arm64: target/image, and target/image.tar to load
#        image.sh --program FILE FOLDER    one image of a program that is there already
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# The same commit gives the same bytes.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

digest_of() { echo "sha256:$(sha256sum "$1" | cut -d ' ' -f 1)"; }

put() { # put FILE: into the layout; prints its digest
  local digest
  digest=$(digest_of "$1")
  cp "$1" "$layout/blobs/sha256/${digest#sha256:}"
  echo "$digest"
}

describe() { # describe TYPE FILE: the descriptor of a file that is in the layout
  printf '{"mediaType":"application/vnd.oci.image.%s","digest":"%s","size":%d' "$1" "$(digest_of "$2")" "$(stat -c %s "$2")"
}

architecture_of() {
  case "$(readelf -h "$1" | sed -n 's/^ *Machine: *//p')" in
    *X86-64*) echo amd64 ;;
    AArch64) echo arm64 ;;
  esac
}

add() { # add PROGRAM: its image into the layout, its manifest's descriptor into $work/manifests
  local architecture=$(architecture_of "$1") layer=$work/layer.tar config=$work/config manifest=$work/manifest
  rm -rf "$work/root"
  scripts/image-root.sh "$1" "$work/root"
  tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -C "$work/root" -cf "$layer" .
  gzip -n -c "$layer" >"$layer.gz"
  put "$layer.gz" >/dev/null
  cat >"$config" <<JSON
{"created":"$created","architecture":"$architecture","os":"linux",
"config":{"User":"65532:65532","Entrypoint":["/usr/local/bin/windlass"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
"Labels":{"org.opencontainers.image.title":"windlass","org.opencontainers.image.version":"$version","org.opencontainers.image.revision":"$revision","org.opencontainers.image.licenses":"Apache-2.0"}},
"rootfs":{"type":"layers","diff_ids":["$(digest_of "$layer")"]},
"history":[{"created":"$created","created_by":"scripts/image.sh"}]}
JSON
  put "$config" >/dev/null
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s},"layers":[%s}]}' \
    "$(describe config.v1+json "$config")" "$(describe layer.v1.tar+gzip "$layer.gz")" >"$manifest"
  put "$manifest" >/dev/null
  printf '%s,"platform":{"architecture":"%s","os":"linux"}}\n' \
    "$(describe manifest.v1+json "$manifest")" "$architecture" >>"$work/manifests"
  echo "$architecture: $(du -sh "$work/root" | cut -f 1) unpacked, $(stat -c %s "$layer.gz") bytes packed" >&2
}

finish() { # the index over all images, and the layout's own
  local index=$work/index
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' \
    "$(paste -sd , "$work/manifests")" >"$index"
  put "$index" >/dev/null
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s,"annotations":{"org.opencontainers.image.ref.name":"%s"}}]}\n' \
    "$(describe index.v1+json "$index")" "windlass:$version" >"$layout/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}\n' >"$layout/oci-layout"
}

begin() {
  layout=$1
  rm -rf "$layout"
  mkdir -p "$layout/blobs/sha256"
}

if [ "${1:-}" = --program ]; then
  begin "$3"
  add "$2"
  finish
  exit
fi
cargo build --release --workspace --locked --bin windlass
begin target/image
add target/release/windlass
if arm64=$(scripts/cross-arm64.sh); then
  SYSROOT=target/sysroot-arm64 add "$arm64"
else
  echo "arm64 is left out: its program could not be built here (above)" >&2
fi
finish
tar -C target/image -cf target/image.tar .
echo "target/image (OCI layout) and target/image.tar hold windlass:$version"
