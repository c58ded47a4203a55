#!/bin/bash
# Measures Scout beside other SSH clients, in one run, against a real sshd on loopback with 100 addresses as 100 hosts,
# and prints one Markdown table. Everything it starts it ends.
#
# Usage: Tests/Benchmarks/run.sh [--quick] [--only NAME,...]
set -euo pipefail
cd "$(dirname "$0")/../.."

Deploy/install-packages.sh libssh2-1-dev libnghttp2-dev pkg-config openssh-client openssh-server openssh-sftp-server \
  wrk python3 python3-venv
Deploy/python-envs.sh --bench bench >&2
binaries=$(Deploy/build-release.sh scout engine-benchmark)
# The toolchain's own C compiler; the flags are words of their own.
# shellcheck disable=SC2046
clang -O2 -Wall -Wextra -Werror -o "$binaries/raw-libssh2" Tests/Benchmarks/raw.c $(pkg-config --cflags --libs libssh2)
PYTHONPATH=Tests/Harness exec "${SCOUT_TEST_PYTHON_ROOT:-.build/python}/bench/bin/python" Tests/Benchmarks/bench.py --binaries "$binaries" "$@"
