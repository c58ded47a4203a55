#!/bin/bash
# Installs what is missing, builds Scout and starts the coordinator with an embedded agent.
#
# Usage: Deploy/quickstart.sh [--demo] [arguments of `scout coordinator`]
#
# The MCP endpoint is http://127.0.0.1:8000/mcp unless told otherwise. Hosts come from ~/.ssh/config; where that names
# none, or with --demo, three demo hosts are served: a throwaway sshd on loopback, removed on exit. With SCOUT_BINARY set to
# an executable nothing is built.
set -euo pipefail
# Without going there: paths among the arguments are the caller's.
root=$(cd "$(dirname "$0")/.." && pwd)

demo=no
arguments=()
for argument in "$@"; do
  if [ "$argument" = --demo ]; then demo=yes; else arguments+=("$argument"); fi
done

"$root/Deploy/install-packages.sh" libssh2-1-dev libnghttp2-dev pkg-config openssh-client ca-certificates git
scout=${SCOUT_BINARY:-}
if [ -z "$scout" ]; then
  command -v swift >/dev/null || {
    echo "scout needs a Swift toolchain, 6.2 or newer, on the PATH: see https://www.swift.org/install" >&2
    exit 1
  }
  echo "Building scout (the first build takes some minutes)" >&2
  scout=$("$root/Deploy/build-release.sh" scout)/scout
fi

# Without the arguments: those of the coordinator mean nothing to `hosts`. Where one of them names hosts, or where hosts come
# from, they are there.
if [ "$demo" = no ]; then
  case " ${arguments[*]} " in
    *" --help "* | *" -h "* | *" --no-embedded-agent "* | *" --agent"[\ =-]* | *" --ssh-config"[\ =]* | *" --config"[\ =]* | *" --pki"[\ =]*) ;;
    *)
      # A configuration that cannot be read is not one without hosts: it is told, and not passed over.
      names=$("$scout" hosts --names)
      if [ -z "$names" ]; then
        echo "No host in ~/.ssh/config: serving three demo hosts instead" >&2
        demo=yes
      fi
      ;;
  esac
fi

if [ "$demo" = no ]; then
  exec "$scout" coordinator --welcome "${arguments[@]}"
fi

"$root/Deploy/install-packages.sh" openssh-server openssh-sftp-server
# sshd's configuration takes no blanks in a path.
case ${TMPDIR:-} in *[[:space:]]*) export TMPDIR=/tmp ;; esac
folder=$(mktemp -d -t scout-demo-XXXXXX)
coproc DEMO { "$root/Deploy/demo-hosts.sh" "$folder"; }
demo_hosts=$DEMO_PID
coordinator=
finish() {
  [ -z "$coordinator" ] || kill -TERM "$coordinator" 2>/dev/null || true
  kill -TERM "$demo_hosts" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
read -r -u "${DEMO[0]}" config || {
  echo "The demo hosts did not start: is another demo running?" >&2
  exit 1
}
"$scout" coordinator --welcome --ssh-config "$config" "${arguments[@]}" <&0 &
coordinator=$!
trap 'kill -TERM "$coordinator" 2>/dev/null || true' INT TERM
status=0
while true; do
  wait "$coordinator" && status=0 || status=$?
  kill -0 "$coordinator" 2>/dev/null || break
done
coordinator=
exit "$status"
