#!/bin/sh
# Installs the Debian packages named as arguments that are not here yet. Says nothing when nothing is missing.
#
# Services that come with them (sshd, etcd) are neither started nor enabled: Scout starts its own where it needs one.
set -eu
missing=
for package in "$@"; do
  case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" in
    installed) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "scout needs these packages:$missing. Install them as root: apt-get install$missing" >&2
    exit 1
  }
  as_root=sudo
fi
echo "Installing$missing" >&2
# invoke-rc.d(8) asks this one whether a package may start its service.
policy=/usr/sbin/policy-rc.d
ours=no
if [ ! -e "$policy" ]; then
  ours=yes
  trap '$as_root rm -f "$policy"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 0755 "$policy"
fi
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
[ "$ours" = yes ] || exit 0
# They would start with the machine.
for unit in ssh:openssh-server etcd:etcd-server; do
  case " $missing " in
    *" ${unit#*:} "*) $as_root systemctl --quiet disable "${unit%:*}.service" 2>/dev/null || true ;;
  esac
done
