#!/bin/bash
# Builds products optimized, with Swift's runtime inside, and prints the folder that they are in. What the compiler says goes to stderr.
#
# usage: Deploy/build-release.sh PRODUCT...
#
# `swift build -c release --static-swift-stdlib` makes the same programs; linked as here, a coordinator and an agent keep 5 MiB less
# in memory: no table of names for others to link against, and relocations in the packed form where this system's C library
# reads it (glibc 2.36; the program then asks for that version or a later one).
set -euo pipefail
[ $# -ge 1 ] || {
  sed -n '4s/^# //p' "$0" >&2
  exit 2
}
root=$(cd "$(dirname "$0")/.." && pwd)
build=(swift build --package-path "$root" -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --no-export-dynamic)
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null || true)
if [ "$(printf '%s\n' 'glibc 2.36' "$glibc" | sort -V | head -n 1)" = 'glibc 2.36' ]; then
  build+=(-Xlinker -z -Xlinker pack-relative-relocs)
fi
for product in "$@"; do "${build[@]}" --product "$product" >&2; done
"${build[@]}" --show-bin-path
