#!/bin/bash
# Installs the package into a fresh minimal Debian 12, checks the units there, boots it and uses it, and purges it.
#
# usage: fresh-system.sh PACKAGE.deb WORK_FOLDER     as root, with mmdebstrap and systemd-container
set -euo pipefail
package=$(realpath "$1") work=$(realpath "$2")
cd "$(dirname "$0")"
root=$work/debian12
mirror=${SCOUT_CHECK_MIRROR:-/etc/apt/sources.list.d/debian.sources}
[ -e "$mirror" ] || mirror=/etc/apt/sources.list

# What is on the machine: without what apt, dpkg and the machine's running change in any case.
contents() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp -o -path ./run -o -path ./root \
    -o -path ./var/log -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/lib/systemd \
    -o -path ./home \) -prune -o -print | sort)
}

# In the tree, with what programs there expect of a running system.
inside() {
  # shellcheck disable=SC2016 # they are the inner shell's
  timeout 300 unshare --mount --pid --fork sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" "$@"
}

# Without libssh2 and libnghttp2, so that a library that the package forgets is missed. The lists of packages stay, for apt.
mmdebstrap --quiet --variant=minbase --skip=cleanup/apt \
  --include=systemd,dbus,man-db,openssh-server,openssl,passwd bookworm "$root" "$mirror"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
for library in libssh2-1 libnghttp2-14; do
  if inside dpkg-query -W "$library" >/dev/null 2>&1; then
    echo "fresh-system: $library is in the fresh system: the test of dependencies is none" >&2
    exit 1
  fi
done
echo "fresh-system: a fresh Debian $(cat "$root/etc/debian_version") without Scout's libraries"

# The libraries come first, so that what the purge leaves can be seen apart from them.
depends=$(dpkg-deb -f "$package" Depends | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | sort -u)
# shellcheck disable=SC2086 # a list of words
inside apt-get install -y -qq --no-install-recommends $depends >"$work/apt.log" 2>&1 || {
  cat "$work/apt.log" >&2
  exit 1
}
contents >"$work/before"
cp "$package" "$root/scout.deb"
inside dpkg -i /scout.deb >"$work/dpkg.log" 2>&1 || {
  cat "$work/dpkg.log" >&2
  exit 1
}
rm "$root/scout.deb"
contents >"$work/installed"
echo "fresh-system: dpkg installs it with nothing but its Depends: $(comm -13 "$work/before" "$work/installed" | wc -l) files and folders"
[ "$(inside scout --version)" = "$(dpkg-deb -f "$package" Version)" ]
for command in "" coordinator agent hosts read list query route; do
  # shellcheck disable=SC2086 # none, or a word
  help=$(inside scout $command --help)
  [[ $help == *USAGE* ]]
done

inside systemd-analyze verify /lib/systemd/system/scout-{agent,coordinator}.service
for part in agent coordinator; do
  # 15 stands for an exposure of 1.5; what is left is the network, which is what the services are for.
  inside systemd-analyze security --no-pager --offline=true --threshold=15 "/lib/systemd/system/scout-$part.service" |
    sed -n 's/\x1b][^\a\x1b]*\(\x1b\\\|\a\)//g; s/\x1b\[[0-9;]*m//g; s/^→ \(.*[0-9] [A-Z]*\).*/fresh-system: \1/p'
done

install -m 0755 boot.sh "$root/root/boot.sh"
cat >"$root/etc/systemd/system/scout-test.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash -c '/root/boot.sh >/root/boot.log 2>&1; echo $? >/root/boot.status'
ExecStopPost=/bin/systemctl poweroff --no-block
TimeoutStartSec=120
[Install]
WantedBy=graphical.target
UNIT
ln -sf ../scout-test.service "$root/etc/systemd/system/graphical.target.wants/scout-test.service" 2>/dev/null || {
  mkdir -p "$root/etc/systemd/system/graphical.target.wants"
  ln -s ../scout-test.service "$root/etc/systemd/system/graphical.target.wants/scout-test.service"
}
mv "$root/usr/sbin/policy-rc.d" "$work/policy-rc.d"
# In a network of its own: nothing that listens there is seen outside.
options=(--quiet --directory "$root" --boot --private-network --register=no --link-journal=no --console=pipe)
if [ ! -d /run/systemd/system ]; then
  options+=(--keep-unit)
  export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
fi
timeout --kill-after=10 180 systemd-nspawn "${options[@]}" </dev/null >"$work/console.log" 2>&1 || true
cat "$root/root/boot.log" || tail -n 20 "$work/console.log"
[ "$(cat "$root/root/boot.status")" = 0 ]
mv "$work/policy-rc.d" "$root/usr/sbin/policy-rc.d"
rm -r "$root/etc/systemd/system/"{scout-test.service,graphical.target.wants} "$root/etc/scout-test"
inside userdel guest

inside dpkg --purge scout >"$work/dpkg.log" 2>&1 || {
  cat "$work/dpkg.log" >&2
  exit 1
}
contents >"$work/after"
left=$(comm -13 "$work/before" "$work/after" | grep -i scout || true)
users=$(grep -l scout- "$root/etc/"{passwd,group,shadow,gshadow} || true)
if [ -n "$left$users" ] || grep -q warning "$work/dpkg.log"; then
  printf 'fresh-system: the purge left:\n%s\n%s\n' "$left" "$users" >&2
  cat "$work/dpkg.log" >&2
  exit 1
fi
echo "fresh-system: purged, and nothing of it is left: files, settings, keys, links of enabled units, users"
