#!/bin/bash
# Checks all of Deploy/: scripts, units, package, image, compose file and Kubernetes manifests. On Debian 12, as root or
# with sudo. It installs what the checks need (apt, PyPI), and installs the package on this machine and purges it.
#
# usage: Deploy/check.sh [--boot] [BINARY]      BINARY: .build/release/scout without it
#
# --boot: also boots a fresh Debian 12 in a container, where both units serve as they are shipped (needs systemd-nspawn and
# some minutes).
set -euo pipefail
boot=no
if [ "${1:-}" = --boot ]; then
  boot=yes
  shift
fi
here=$(dirname "$(realpath "$0")")
# As the caller means it, before the folder is another one.
binary=$(realpath --canonicalize-missing "${1:-$here/../.build/release/scout}")
cd "$here"
[ -x "$binary" ] || {
  echo "check: $binary is not there: Deploy/build-release.sh scout" >&2
  exit 2
}
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "check: run it as root: it installs the package on this machine, and purges it" >&2
    exit 2
  }
  # Its programs belong to the caller.
  checks/prepare.sh >/dev/null
  arguments=("$binary")
  [ "$boot" = no ] || arguments=(--boot "$binary")
  exec sudo --preserve-env=SCOUT_TEST_PYTHON_ROOT,SCOUT_CHECK_MIRROR ./check.sh "${arguments[@]}"
fi

work=$(mktemp -d -t scout-deploy-XXXXXX)
chmod 0755 "$work"
trap 'rm -rf "$work"' EXIT
started=$SECONDS
passed=0

# Runs one check, for two minutes at most.
step() { # what it checks, command...
  local since=$SECONDS limit=120
  [ "$1" != "a booted Debian 12" ] || limit=600
  echo "== $1"
  timeout --kill-after=10 "$limit" "${@:2}" || {
    echo "check: $1: failed" >&2
    exit 1
  }
  passed=$((passed + 1))
  echo "   $((SECONDS - since)) s"
}

programs=$(checks/prepare.sh)

# As the runbook fills the folder, with samples in place of secrets.
render_kubernetes() {
  # Not the folder as it is: where it is in use, it holds keys.
  mkdir "$work/kubernetes"
  cp kubernetes/*.yaml "$work/kubernetes"
  local secrets=$work/kubernetes/secrets
  ./certificates.sh authority "$secrets" >/dev/null
  ./certificates.sh issue "$secrets" coordinator coordinator >/dev/null
  ./certificates.sh issue "$secrets" agent-dc1 agent-dc1 >/dev/null
  cp kubernetes/coordinator.example.yaml "$secrets/coordinator.yaml"
  mkdir "$secrets/dc1"
  touch "$secrets/dc1/"{config,known_hosts,id_ed25519}
  kubectl kustomize "$work/kubernetes" >"$work/kubernetes.yaml"
}

check_kubernetes() {
  for version in 1.29 1.34; do
    "$programs/kubernetes-validate" --strict -k "$version" --quiet "$work/kubernetes.yaml"
    echo "kubernetes: $(grep -c '^kind:' "$work/kubernetes.yaml") resources are valid in Kubernetes $version, nothing unknown in them"
  done
  # The check itself is checked: it must refuse what is wrong.
  sed 's/periodSeconds: 5/periodSecond: 5/' "$work/kubernetes.yaml" >"$work/wrong.yaml"
  if "$programs/kubernetes-validate" --strict -k 1.34 --quiet "$work/wrong.yaml" >/dev/null 2>&1; then
    echo "kubernetes: the schema check takes a misspelt field" >&2
    exit 1
  fi
}

check_certificates() {
  ./certificates.sh authority "$work/pki" 10
  SCOUT_CERT_DAYS=9 ./certificates.sh issue "$work/pki" agent-dc1 agent-dc1 10.0.0.5 fd00::5
  openssl x509 -in "$work/pki/agent-dc1.pem" -noout -ext subjectAltName | grep -q 'DNS:agent-dc1, IP Address:10.0.0.5, IP Address:FD00'
  ./certificates.sh check "$work/pki" 5 >/dev/null
  if ./certificates.sh check "$work/pki" 30 >/dev/null 2>&1; then
    echo "certificates: an authority that ends in ten days passes for one of thirty" >&2
    exit 1
  fi
  if SCOUT_CERT_DAYS=30 ./certificates.sh issue "$work/pki" late late >/dev/null 2>&1; then
    echo "certificates: one of thirty days is issued by an authority that ends in ten" >&2
    exit 1
  fi
  # As while the authority is rotated: both in one file.
  ./certificates.sh authority "$work/next" 40 >/dev/null
  cat "$work/next/ca.pem" "$work/pki/ca.pem" >"$work/both.pem"
  cp "$work/both.pem" "$work/next/ca.pem"
  if ./certificates.sh check "$work/next" 30 >/dev/null 2>&1; then
    echo "certificates: an authority that ends in ten days passes behind one that does not" >&2
    exit 1
  fi
  echo "certificates: what ends too soon is told"
}

check_lintian() {
  lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$1"
  echo "lintian: neither errors nor warnings, but for $(grep -c '^scout:' debian/lintian-overrides) overrides with reasons"
}

export -f render_kubernetes check_kubernetes check_certificates check_lintian
export work programs
run=(bash -euo pipefail -c '"$@"' run)

step "shell scripts (shellcheck)" shellcheck --severity=warning ./*.sh checks/*.sh debian/build.sh debian/postinst debian/prerm debian/postrm
step "certificates.sh" "${run[@]}" check_certificates
step "Dockerfile (hadolint)" "$programs/hadolint" docker/Dockerfile
step "Kubernetes manifests (kustomize)" "${run[@]}" render_kubernetes
step "Kubernetes manifests (schemas)" "${run[@]}" check_kubernetes
step "settings, flags, references and metrics, compose.yaml" \
  "$programs/python" checks/documents.py . "$binary" ../Sources "$work/kubernetes.yaml"
step "gRPC probes of the Kubernetes agent" checks/probe.sh "$binary" "$programs/python" "$work"
step "the package is built" debian/build.sh "$binary" "$work"
package=$(echo "$work"/scout_*.deb)
step "the package (lintian)" "${run[@]}" check_lintian "$package"
step "the package, installed and purged" checks/package.sh "$package" "$work"
if [ "$boot" = yes ]; then
  ./install-packages.sh mmdebstrap systemd-container
  step "a booted Debian 12" checks/fresh-system.sh "$package" "$work"
fi
echo "check: $passed passed, 0 failed, in $((SECONDS - started)) s"
