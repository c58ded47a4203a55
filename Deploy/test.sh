#!/bin/bash
# Installs what the tests need and runs every test.
#
# Usage: Deploy/test.sh [arguments of `swift test`]     with --skip-build it tests what is built already
# SCOUT_BUILD_FLAGS: more arguments of `swift build`, separated by blanks.
# SCOUT_JUDGE_TIMES=1: it is also a failure where coordinators took longer than a second to agree again; for a machine that does nothing
# else (--filter Etcd).
set -euo pipefail
cd "$(dirname "$0")/.."

Deploy/install-packages.sh libssh2-1-dev libnghttp2-dev pkg-config ca-certificates git \
  openssh-client openssh-server openssh-sftp-server openssl nghttp2-client protobuf-compiler python3 python3-venv \
  etcd-server curl mksh busybox tcsh fish
Deploy/python-envs.sh

# Arrows between targets are part of what is tested: an import that the manifest does not list is an error.
read -ra flags <<<"${SCOUT_BUILD_FLAGS:-}"
flags+=(--explicit-target-dependency-import-check error)
[[ " $* " == *" --skip-build "* ]] || {
  swift build "${flags[@]}" --build-tests
  set -- --skip-build "$@"
}
# Two tests at a time: many of them have deadlines, and two cores are soon busy.
exec swift test "${flags[@]}" --parallel --experimental-maximum-parallelization-width 2 "$@"
