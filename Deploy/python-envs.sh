#!/bin/bash
# Makes the Python environments that the tests and benchmarks use: real MCP clients of every age, grpcio, and with --bench the
# SSH clients that the benchmarks measure themselves against. Each is a folder of its own under SCOUT_TEST_PYTHON_ROOT
# (default .build/python). A stamp in each folder names what is installed, so a second run does nothing.
#
# usage: Deploy/python-envs.sh [--bench] [NAME...]     (NAME: only these)
set -euo pipefail
cd "$(dirname "$0")/.."

root=${SCOUT_TEST_PYTHON_ROOT:-.build/python}
python=${PYTHON:-python3}

# Name, then its packages. The three oldest clients use a part of pydantic that 2.12 and later do not have.
environments() {
  cat <<'LIST'
mcp-2.3.0 mcp==2.3.0
mcp-1.30.0 mcp==1.30.0
mcp-1.12.4 mcp==1.12.4 pydantic<2.12
mcp-1.9.4 mcp==1.9.4 pydantic<2.12
mcp-1.6.0 mcp==1.6.0 pydantic<2.12
fastmcp fastmcp>=4,<5
mcpcheck jbt-mcpcheck==0.1.1
grpc grpcio grpcio-tools protobuf
LIST
  if [ "$bench" = yes ]; then
    echo "bench asyncssh parallel-ssh"
  fi
}

# One environment; says a line when it had to be made.
make_environment() {
  local name=$1
  shift
  local folder=$root/$name wanted="$*"
  if [ "$(cat "$folder/scout-stamp" 2>/dev/null || true)" = "$wanted" ]; then return 0; fi
  rm -rf "$folder"
  "$python" -m venv "$folder" || {
    echo "python-envs: $python cannot make environments; on Debian: apt-get install python3-venv" >&2
    return 1
  }
  if ! "$folder/bin/pip" install --quiet --disable-pip-version-check --no-input --prefer-binary "$@" \
    >"$folder/pip.log" 2>&1; then
    echo "python-envs: $name failed; the last lines of $folder/pip.log:" >&2
    tail -n 5 "$folder/pip.log" >&2
    return 1
  fi
  echo "$wanted" >"$folder/scout-stamp"
  echo "python-envs: made $name ($wanted)"
}

bench=no
only=()
for argument in "$@"; do
  case $argument in
    --bench) bench=yes ;;
    -*) echo "usage: Deploy/python-envs.sh [--bench] [NAME...]" >&2; exit 2 ;;
    *) only+=("$argument") ;;
  esac
done

mkdir -p "$root"
# Four at a time: pip mostly waits for the network, then for the disk.
pids=()
while read -r name packages; do
  if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $name "* ]]; then continue; fi
  # Words are split on purpose: one package each.
  # shellcheck disable=SC2086
  make_environment "$name" $packages &
  pids+=($!)
  while [ "$(jobs -rp | wc -l)" -ge 4 ]; do sleep 0.1; done
done < <(environments)

failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit "$failed"
