#!/bin/bash
# Makes scout_VERSION_ARCHITECTURE.deb of a release binary.
#
# usage: Deploy/debian/build.sh BINARY [FOLDER]      FOLDER: where the package goes, the current one without it
#
# BINARY is what Deploy/build-release.sh made on the oldest Debian that the package is for: its libraries become the package's
# dependencies. The time in the package is SOURCE_DATE_EPOCH, or the changelog's.
set -euo pipefail

[ $# -eq 1 ] || [ $# -eq 2 ] || {
  sed -n '4s/^# //p' "$0" >&2
  exit 2
}
binary=$(realpath "$1")
output=$(realpath "${2:-.}")
cd "$(dirname "$0")"
../install-packages.sh dpkg-dev binutils gzip

if ldd "$binary" | grep -q libswift; then
  echo "build.sh: $binary needs Swift's libraries: build it with Deploy/build-release.sh" >&2
  exit 1
fi
version=$("$binary" --version)
changelog_version=$(dpkg-parsechangelog -l changelog -S Version)
[ "$version" = "$changelog_version" ] || {
  echo "build.sh: the binary says $version, changelog says $changelog_version: add an entry there" >&2
  exit 1
}
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(dpkg-parsechangelog -l changelog -S Timestamp)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/debian/scout

put() { # mode, source, destination
  install -D -m "$1" "$2" "$root/$3"
}

# Notices and licences of the packages that are linked in, from the checkouts beside the build. The Apache License itself is
# in base-files.
third_party() {
  local checkouts
  checkouts=$(dirname "$binary")/../../checkouts
  [ -d "$checkouts" ] || {
    echo "build.sh: no checkouts beside $binary: the package lacks its third parties' notices, do not publish it" >&2
    echo "The package was made without them."
    return
  }
  for package in "$checkouts"/*/; do
    printf '==== %s\n\n' "$(basename "$package")"
    for file in "$package"NOTICE* "$package"LICEN[CS]E*; do
      [ -f "$file" ] || continue
      case $file in
        */LICEN*)
          if grep -q 'Apache License' "$file"; then
            echo 'Apache License 2.0'
            continue
          fi
          ;;
      esac
      cat "$file"
    done
    echo
  done
}

put 0755 "$binary" usr/bin/scout
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/scout"
put 0644 ../systemd/scout-coordinator.service lib/systemd/system/scout-coordinator.service
put 0644 ../systemd/scout-agent.service lib/systemd/system/scout-agent.service
put 0644 ../systemd/scout.sysusers usr/lib/sysusers.d/scout.conf
put 0644 ../systemd/scout.tmpfiles usr/lib/tmpfiles.d/scout.conf
put 0600 ../systemd/coordinator.env etc/scout/coordinator.env
put 0600 ../systemd/agent.env etc/scout/agent.env
put 0644 copyright usr/share/doc/scout/copyright
put 0644 lintian-overrides usr/share/lintian/overrides/scout
put 0644 changelog usr/share/doc/scout/changelog
put 0644 scout.1 usr/share/man/man1/scout.1
third_party >"$work/third-party"
put 0644 "$work/third-party" usr/share/doc/scout/third-party
put 0755 ../certificates.sh usr/share/doc/scout/examples/certificates.sh
gzip -9n "$root/usr/share/doc/scout/"{changelog,third-party} "$root/usr/share/man/man1/scout.1"
install -d -m 0755 "$root/etc/scout/pki"

for script in postinst prerm postrm; do put 0755 "$script" "DEBIAN/$script"; done
(cd "$root" && find etc -type f | sort | sed 's,^,/,') >"$root/DEBIAN/conffiles"
(cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"

# dpkg-shlibdeps looks for debian/control, and says which packages the binary's libraries are in.
printf 'Source: scout\n\nPackage: scout\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps --warnings=1 -O debian/scout/usr/bin/scout | sed -n 's/^shlibs:Depends=//p')
size=$(du -k -s --apparent-size --exclude DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
  -e "s/@LIBRARIES@/$libraries/" control.in >"$root/DEBIAN/control"

find "$root" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz -z3 --build "$root" "$output/scout_${version}_${architecture}.deb" >&2
echo "$output/scout_${version}_${architecture}.deb"
