#!/bin/bash
# Checks the health path of the Kubernetes agent: the agent with mutual TLS, and a probe of its health port as the kubelet sends it.
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
"$binary" agent --listen 127.0.0.1:0 --health-listen 127.0.0.1:0 --segment dc1 --ssh-config "$work/ssh_config" \
  --tls-ca "$work/pki/ca.pem" \
  --tls-cert "$work/pki/agent-dc1.pem" --tls-key "$work/pki/agent-dc1.key" 2>"$work/agent.log" &
pids+=($!)
for _ in $(seq 100); do
  health=$(sed -n 's/.*"health endpoint listening".*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/agent.log" | head -n 1)
  [ -z "$health" ] || break
  sleep 0.1
done
[ -n "$health" ] || {
  cat "$work/agent.log" >&2
  exit 1
}

expect() { # answer, service, what it means
  local answer
  answer=$("$python" checks/probe.py "$health" "$2")
  [ "$answer" = "$1" ] || {
    echo "probe: $3: $answer instead of $1" >&2
    cat "$work/agent.log" >&2
    exit 1
  }
  echo "probe: $3: $answer"
}
expect SERVING scout.agent.v1.Agent "of a service"
expect SERVING "" "of all"
expect NOT_FOUND nobody.v1.Nobody "of a service that is not there"
kill -STOP "${pids[0]}"
expect DEADLINE_EXCEEDED "" "of an agent that is frozen"
kill -CONT "${pids[0]}"
kill -TERM "${pids[0]}"
wait "${pids[0]}" || true
expect DEADLINE_EXCEEDED "" "of an agent that is gone"
