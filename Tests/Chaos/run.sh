#!/bin/bash
# Faults among real processes, under a load of 200 reads a second: a coordinator and two agents on loopback, a relay of our
# own between them, a real sshd. Prints two Markdown tables. Everything it starts it ends, on Ctrl-C too.
#
# Usage: Tests/Chaos/run.sh [--short] [--check] [--only CASE,...] [--rate N] [--binary PATH] [--keep-logs FOLDER]
#   --short   three cases of 12 s and a few reads over distance, for CI
#   --check   exit code 1 when a target is missed; with --short, no time is one
#   --binary  this scout instead of a release build
#   --keep-logs  the processes' logs, and each case's reads and routes as CSV
set -euo pipefail
cd "$(dirname "$0")/../.."

Deploy/install-packages.sh openssh-client openssh-server openssh-sftp-server python3 python3-venv
Deploy/python-envs.sh --bench bench >&2
binary=()
if [[ " $* " != *" --binary"* ]]; then
  Deploy/install-packages.sh libssh2-1-dev libnghttp2-dev pkg-config
  binary=(--binary "$(Deploy/build-release.sh scout)/scout")
fi
PYTHONPATH=Tests/Harness:Tests/Benchmarks exec "${SCOUT_TEST_PYTHON_ROOT:-.build/python}/bench/bin/python" Tests/Chaos/chaos.py "${binary[@]}" "$@"
