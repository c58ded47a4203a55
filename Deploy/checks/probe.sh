#!/bin/bash
# Checks the health path of the Kubernetes agent: the agent with mutual TLS, nginx with agent-probe.conf beside it, and a probe
# as the kubelet sends it.
#
# usage: probe.sh SCOUT_BINARY PYTHON WORK_FOLDER
set -euo pipefail
binary=$1 python=$2 work=$3/probe
cd "$(dirname "$0")/.."

mkdir -p "$work/tmp"
./certificates.sh authority "$work/pki" >/dev/null
./certificates.sh issue "$work/pki" agent-dc1 agent-dc1 >/dev/null
: >"$work/ssh_config"
pids=()
finish() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait
}
trap finish EXIT

# The agent takes any port, and its log says which.
"$binary" agent --listen 127.0.0.1:0 --segment dc1 --ssh-config "$work/ssh_config" --tls-ca "$work/pki/ca.pem" \
  --tls-cert "$work/pki/agent-dc1.pem" --tls-key "$work/pki/agent-dc1.key" 2>"$work/agent.log" &
pids+=($!)
for _ in $(seq 100); do
  port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/agent.log" | head -n 1)
  [ -z "$port" ] || break
  sleep 0.1
done
[ -n "$port" ] || {
  cat "$work/agent.log" >&2
  exit 1
}
# nginx needs a port beforehand: one that was free a moment ago.
health=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -e "s#/tmp/#$work/tmp/#" \
  -e "s#/etc/scout/tls.pem#$work/pki/agent-dc1.pem#; s#/etc/scout/tls.key#$work/pki/agent-dc1.key#" \
  -e "s#127\.0\.0\.1:7443#127.0.0.1:$port#; s#listen 7444#listen 127.0.0.1:$health#" \
  kubernetes/agent-probe.conf >"$work/nginx.conf"
nginx=$(command -v nginx || echo /usr/sbin/nginx)
"$nginx" -c "$work/nginx.conf" -e stderr 2>"$work/nginx.log" &
pids+=($!)

expect() { # answer, service, what it means
  local answer
  answer=$("$python" checks/probe.py "$health" "$2")
  [ "$answer" = "$1" ] || {
    echo "probe: $3: $answer instead of $1" >&2
    cat "$work/nginx.log" "$work/agent.log" >&2
    exit 1
  }
  echo "probe: $3: $answer"
}
expect SERVING scout.agent.v1.Agent "through nginx, of a service"
expect SERVING "" "through nginx, of all"
expect NOT_FOUND nobody.v1.Nobody "of a service that is not there"
kill -STOP "${pids[0]}"
expect UNAVAILABLE "" "of an agent that is frozen"
kill -CONT "${pids[0]}"
kill -TERM "${pids[0]}"
wait "${pids[0]}" || true
expect UNAVAILABLE "" "of an agent that is gone"
