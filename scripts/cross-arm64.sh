#!/usr/bin/env bash
# Builds the program for arm64 on a Debian machine of another kind and prints its path. The compiler comes from
# Debian's packages; the libraries it links with are unpacked into target/sysroot-arm64, not installed.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu triplet=aarch64-linux-gnu sysroot=$PWD/target/sysroot-arm64
need=(libc6 libc6-dev libgcc-s1 libssl3 libssl-dev zlib1g zlib1g-dev linux-libc-dev)
{
  if [ "$(uname -m)" = aarch64 ]; then echo "this machine is arm64 itself: cargo build does it"; exit 1; fi
  command -v apt-get >/dev/null || { echo "cross-compiling needs Debian's packages"; exit 1; }
  if ! command -v $triplet-gcc >/dev/null; then
    sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends gcc-$triplet libc6-dev-arm64-cross
  fi
  rustup target list --installed | grep -qx $target || rustup target add $target

  if [ ! -e "$sysroot/complete" ]; then
    rm -rf "$sysroot"
    lists=$sysroot/apt
    mkdir -p "$lists/state/lists/partial" "$lists/cache/archives/partial"
    apt=(apt-get -q -o "Dir::State=$lists/state" -o "Dir::Cache=$lists/cache" -o Dir::State::status=/dev/null
      -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root)
    "${apt[@]}" update
    (cd "$lists/cache/archives" && "${apt[@]}" download "${need[@]}")
    for package in "$lists"/cache/archives/*.deb; do dpkg-deb -x "$package" "$sysroot"; done
    rm -rf "$lists"
    # A folder with OpenSSL alone: beside the C library's own linker script, which names absolute paths, nothing links.
    mkdir -p "$sysroot/openssl"
    for library in libssl libcrypto; do cp -a "$sysroot/usr/lib/$triplet/$library".* "$sysroot/openssl/"; done
    touch "$sysroot/complete"
  fi

  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$triplet-gcc
  export CC_aarch64_unknown_linux_gnu=$triplet-gcc CXX_aarch64_unknown_linux_gnu=$triplet-g++ AR_aarch64_unknown_linux_gnu=$triplet-ar
  export AARCH64_UNKNOWN_LINUX_GNU_OPENSSL_LIB_DIR=$sysroot/openssl
  export AARCH64_UNKNOWN_LINUX_GNU_OPENSSL_INCLUDE_DIR=$sysroot/usr/include
  export CFLAGS_aarch64_unknown_linux_gnu="-I$sysroot/usr/include/$triplet"
  cargo build --release --locked --bin windlass --target $target
} >&2
echo "target/$target/release/windlass"
