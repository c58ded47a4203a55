#!/bin/bash
# Installs the package on this machine, looks at it and at its units, and purges it.
#
# usage: package.sh PACKAGE.deb WORK_FOLDER     as root; refuses where Scout is installed
set -euo pipefail
package=$(realpath "$1") work=$(realpath "$2")
export DEBIAN_FRONTEND=noninteractive

fail() {
  echo "package: $*" >&2
  exit 1
}

if dpkg-query -W -f '${db:Status-Status}' scout 2>/dev/null | grep -qv not-installed || getent passwd scout-agent >/dev/null ||
  [ -e /etc/scout ]; then
  fail "Scout is installed here, and this test would purge it: run it on another machine"
fi
finish() { dpkg --purge scout >/dev/null 2>&1 || true; }
trap finish EXIT

# What bears the name on this machine, outside of places where sources and tests lie.
traces() {
  {
    find /etc /usr /lib/systemd /var /run -xdev \( -path /var/cache -o -path /var/tmp -o -path /var/log \) -prune -o \
      -name '*scout*' -print
    grep -s scout- /etc/passwd /etc/group /etc/shadow /etc/gshadow || true
  } | sort
}

traces >"$work/before"
apt-get install -y -qq --no-install-recommends "$package" >"$work/install.log" 2>&1 || {
  cat "$work/install.log" >&2
  fail "apt-get cannot install it"
}
traces >"$work/installed"
[ "$(command -v scout)" = /usr/bin/scout ] || fail "another scout comes first in PATH: $(command -v scout)"
[ "$(scout --version)" = "$(dpkg-deb -f "$package" Version)" ] || fail "the binary is of another version"
for command in "" coordinator agent "agent join" "agent drain" hosts read list query route doctor pki "pki init" "pki token" "pki issue" \
  "pki revoke" "pki show"; do
  # shellcheck disable=SC2086 # none, or words
  help=$(scout $command --help)
  [[ $help == *USAGE* ]] || fail "scout $command --help does not help"
done
mistakes=$(man --warnings -E UTF-8 -l /usr/share/man/man1/scout.1.gz 2>&1 >/dev/null)
[ -z "$mistakes" ] || fail "the man page has mistakes: $mistakes"
echo "package: installed $(comm -13 "$work/before" "$work/installed" | wc -l) things of that name; help and man page are well"

for path in /etc/scout/agent.env /etc/scout/coordinator.env; do
  [ "$(stat -c '%U %a' "$path")" = 'root 600' ] || fail "$path is $(stat -c '%U %a' "$path")"
done
for user in scout-agent scout-coordinator; do
  [ "$(stat -c '%U %a' "/var/lib/$user/.ssh")" = "$user 700" ] || fail "/var/lib/$user/.ssh is not its user's"
  [[ $(getent passwd "$user") == *:/usr/sbin/nologin ]] || fail "$user can log in"
  setpriv --reuid "$user" --regid "$user" --clear-groups /usr/bin/scout --version >/dev/null || fail "$user cannot run scout"
  [ -z "$(find /etc/systemd -name "$user.service")" ] || fail "$user.service is enabled"
done
echo "package: settings are root's alone, each service has a user of its own, neither unit is enabled"

for part in agent coordinator; do
  unit=/lib/systemd/system/scout-$part.service
  systemd-analyze verify "$unit" 2>"$work/verify.log" || true
  # Other units of the machine are not ours to mend.
  if grep scout "$work/verify.log" >&2; then fail "systemd-analyze verify has something to say of $unit"; fi
  # 15 stands for an exposure of 1.5 of 10; what is left is the network, which is what the services are for.
  systemd-analyze security --no-pager --offline=true --threshold=15 "$unit" >"$work/security.log" || {
    grep -a '✗' "$work/security.log" >&2
    fail "$unit is exposed too much"
  }
  for line in NoNewPrivileges=yes PrivateTmp=yes SystemCallFilter=@system-service "User=scout-$part"; do
    grep -qx "$line" "$unit" || fail "$unit lacks $line"
  done
  level=$(grep -a 'Overall exposure' "$work/security.log" | grep -o '[0-9]\.[0-9]')
  echo "package: scout-$part.service: systemd-analyze verify has nothing to say; exposure $level of 10"
done

dpkg --purge scout >"$work/purge.log" 2>&1
if grep -i warning "$work/purge.log" >&2; then fail "the purge warns"; fi
traces >"$work/after"
left=$(comm -13 "$work/before" "$work/after")
[ -z "$left" ] || fail "the purge left: $left"
trap - EXIT
echo "package: purged, and nothing of it is left: files, settings, users"
