#!/usr/bin/env bash
# Lays out the root folder of the container image: the program, the libraries it names, certificates, user names.
# Usage: image-root.sh PROGRAM FOLDER
# SYSROOT: where the libraries of a program for another machine lie, in the folders they have on that machine.
set -euo pipefail
program=$1 root=$2 sysroot=${SYSROOT:-}

machine=$(readelf -h "$program" | sed -n 's/^ *Machine: *//p')
case "$machine" in
  *X86-64*) triplet=x86_64-linux-gnu ;;
  AArch64) triplet=aarch64-linux-gnu ;;
  *) echo "no image for the machine $machine" >&2; exit 1 ;;
esac
folders=("/lib/$triplet" "/usr/lib/$triplet" /lib64 /usr/lib64 /lib /usr/lib)

place_of() { # place_of LIBRARY: where it lies on the program's machine
  for folder in "${folders[@]}"; do
    if [ -e "$sysroot$folder/$1" ]; then echo "$folder/$1"; return; fi
  done
  echo "$program needs $1, which is in none of ${folders[*]/#/$sysroot}" >&2
  return 1
}

copy_needed() { # copy_needed FILE: the libraries it names, and those they name
  local name place
  for name in $(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case "$name" in ld-linux*) continue ;; esac
    place=$(place_of "$name")
    [ ! -e "$root$place" ] || continue
    install -D -m 0755 "$(readlink -f "$sysroot$place")" "$root$place"
    copy_needed "$root$place"
  done
}

mkdir -p "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/var/cache/windlass"
install -m 0755 "$program" "$root/usr/local/bin/windlass"
"$triplet-strip" "$root/usr/local/bin/windlass" 2>/dev/null || strip "$root/usr/local/bin/windlass" 2>/dev/null || true
copy_needed "$program"
loader=$(readelf -l "$program" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
install -D -m 0755 "$(readlink -f "$sysroot$(place_of "$(basename "$loader")")")" "$root$loader"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'root:x:0:0:root:/:/none\nnonroot:x:65532:65532:nonroot:/:/none\n' >"$root/etc/passwd"
printf 'nonroot:x:65532:\n' >"$root/etc/group"
chmod 1777 "$root/tmp"
