#!/bin/bash
# Runs every fuzz target for SECONDS (default 30), one after the other. Exits with 0 where all survived, 1 where one crashed, hung or
# does not build, 2 where this machine cannot fuzz.
#
#   Tests/Fuzz/run.sh [SECONDS] [TARGET]
#
# A target is a folder here, called like the module in Sources that it feeds: its Swift files hold one function,
# LLVMFuzzerTestOneInput, and Corpus/ the inputs to start from. Module and target are compiled with libFuzzer's coverage; the C
# library below is the system's, so what it asserts counts as a crash too. What is found stays in .build/fuzz/TARGET: add an
# input that crashed to Corpus/, and a test with its name.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-30}
only=${2:-}
scratch=$PWD/.build/fuzz
# Swift's own backtracer reads the crashed process from inside, which the address sanitizer takes for a second crash.
export SWIFT_BACKTRACE=enable=no

case $seconds in '' | *[!0-9]*) echo "run.sh: SECONDS is a whole number, not '$seconds'" >&2; exit 2 ;; esac
command -v swiftc > /dev/null || { echo "run.sh: swiftc is not installed" >&2; exit 2; }
resources=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
if ! find -L "$resources" "$resources/../clang" -name 'libclang_rt.fuzzer*' 2> /dev/null | grep -q .; then
  echo "run.sh: this Swift toolchain has no libFuzzer runtime (libclang_rt.fuzzer): cannot fuzz here" >&2
  exit 2
fi

flags=(-swift-version 6 -parse-as-library -O -g -package-name scout -sanitize=fuzzer,address -use-ld=lld)
flags+=(-enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility)
flags+=(-enable-upcoming-feature InternalImportsByDefault)
for map in Sources/*/module.modulemap; do flags+=(-I "$(dirname "$map")"); done

[ -z "$only" ] || [ -d "Tests/Fuzz/$only/Corpus" ] || {
  echo "run.sh: there is no target '$only' in Tests/Fuzz" >&2
  exit 2
}
failed=0
for folder in Tests/Fuzz/*/; do
  target=$(basename "$folder")
  [ -z "$only" ] || [ "$only" = "$target" ] || continue
  out=$scratch/$target
  mkdir -p "$out/corpus"
  echo "== $target: building"
  if ! swiftc "${flags[@]}" -wmo -c -emit-module -module-name "$target" -emit-module-path "$out/$target.swiftmodule" \
    -o "$out/$target.o" "Sources/$target"/*.swift \
    || ! swiftc "${flags[@]}" -module-name "Fuzz$target" -I "$out" -o "$out/fuzz" "$folder"*.swift "$out/$target.o"; then
    echo "== $target: does not build" >&2
    failed=1
    continue
  fi
  echo "== $target: $seconds s, from $(find "$folder/Corpus" -type f | wc -l) inputs"
  if ! (cd "$out" && ASAN_OPTIONS=detect_leaks=1 timeout --kill-after=10 $((seconds + 120)) ./fuzz -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=1024 -max_len=8192 -verbosity=0 -print_final_stats=1 corpus "$OLDPWD/$folder/Corpus" 2>&1 \
    | sed '/dictionary/d; /# Uses:/d'); then
    echo "== $target: FAILED; the input is in $out" >&2
    failed=1
  fi
done
exit $failed
