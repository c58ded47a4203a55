#!/bin/bash
# Links the debug build's objects to an executable that holds the Swift runtime, for checks that take it to where there is none.
# A static build of its own would compile everything once more, and leave what dynamic ones cannot use.
#
# usage: link-static.sh OUTPUT     after `swift build`
set -euo pipefail
output=$(realpath --canonicalize-missing "$1")
cd "$(dirname "$0")/../.."

objects=$(swift build --show-bin-path)/scout.product/Objects.LinkFileList
[ -r "$objects" ] || {
  echo "link-static: $objects is not there: swift build --product scout" >&2
  exit 2
}
# What modules that were compiled for the dynamic libraries do not ask for by themselves, and the name that SwiftPM gives `main`.
swiftc -static-stdlib -o "$output" "@$objects" -Xlinker --gc-sections -Xlinker --strip-debug \
  -Xlinker --defsym=main=scout_main \
  -lssh2 -lnghttp2 -lz -lFoundation -lCoreFoundation -lFoundationInternationalization -lFoundationEssentials \
  -l_FoundationICU -l_FoundationCShims -l_FoundationCollections -lstdc++
