#!/bin/bash
# Runs inside a booted Debian with the package installed: starts both units as they are shipped, reads a host of an sshd on
# loopback through them, looks at how they are confined, rotates the authority as the runbook tells it, and stops them.
# It changes the system it runs on for good: fresh-system.sh gives it one to throw away.
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
url=http://127.0.0.1:8000/mcp
export SCOUT_API_KEY=key-of-the-test

fail() {
  echo "boot: $*" >&2
  journalctl --no-pager -n 20 -u scout-agent -u scout-coordinator >&2
  exit 1
}

# Tries a command for ten seconds.
eventually() {
  for _ in $(seq 50); do
    if "$@" >/tmp/last 2>&1; then return 0; fi
    sleep 0.2
  done
  cat /tmp/last >&2
  fail "did not come true: $*"
}

reads() {
  local answer
  answer=$(scout read --url "$url" dc1/web1:/etc/scout-test 2>&1 || true)
  echo "$answer"
  [[ $answer == *'hello from web1'* ]]
}

agent_directory=/var/lib/scout-agent/.ssh
make_host() {
  useradd --create-home --shell /bin/sh guest
  echo 'hello from web1' >/etc/scout-test
  runuser -u scout-agent -- ssh-keygen -q -t ed25519 -N '' -f "$agent_directory/id_ed25519"
  install -d -m 0700 -o guest -g guest /home/guest/.ssh
  install -m 0600 -o guest -g guest "$agent_directory/id_ed25519.pub" /home/guest/.ssh/authorized_keys
  printf 'Host web1\n  HostName 127.0.0.1\n  User guest\n' >"$agent_directory/config"
  awk '{ print "127.0.0.1", $1, $2 }' /etc/ssh/ssh_host_ed25519_key.pub >"$agent_directory/known_hosts"
  chown scout-agent: "$agent_directory/"{config,known_hosts}
  systemctl start ssh
}

certificates=/usr/share/doc/scout/examples/certificates.sh
put_certificates() { # folder of the authority
  install -m 0644 "$1"/{agent,coordinator}.pem /etc/scout/pki
  install -m 0640 -g scout-agent "$1/agent.key" /etc/scout/pki
  install -m 0640 -g scout-coordinator "$1/coordinator.key" /etc/scout/pki
}

make_settings() {
  "$certificates" authority /root/first
  "$certificates" issue /root/first agent 127.0.0.1
  "$certificates" issue /root/first coordinator coordinator
  put_certificates /root/first
  install -m 0644 /root/first/ca.pem /etc/scout/pki
  # As a person would: the examples in the files without their #, the last of two lines counts.
  sed -i -e 's/^#\(SCOUT_LISTEN\|SCOUT_TLS_.*\)=/\1=/; s/^SCOUT_SEGMENT=.*/SCOUT_SEGMENT=dc1/' /etc/scout/agent.env
  sed -i -e 's/^#\(SCOUT_AGENT_.*\)/\1/; s/^\(SCOUT_EMBEDDED_AGENT\)=.*/\1=false/' \
    -e 's/^#SCOUT_AGENT=.*/SCOUT_AGENT=dc1=https:\/\/127.0.0.1:7443/' \
    -e "s/^#SCOUT_API_KEYS=.*/SCOUT_API_KEYS=alice:$SCOUT_API_KEY/" /etc/scout/coordinator.env
}

status_of() { # unit, field
  sed -n "s/^$2:[[:space:]]*//p" "/proc/$(systemctl show -P MainPID "$1")/status"
}

check_confinement() {
  for part in agent coordinator; do
    local unit=scout-$part.service pid
    pid=$(systemctl show -P MainPID "$unit")
    [ "$(status_of "$unit" NoNewPrivs)" = 1 ] || fail "$unit may gain privileges"
    [ "$(status_of "$unit" Seccomp)" = 2 ] || fail "$unit has no system call filter"
    [ "$(status_of "$unit" CapEff)" = 0000000000000000 ] || fail "$unit has capabilities"
    [ "$(status_of "$unit" CapBnd)" = 0000000000000000 ] || fail "$unit may have capabilities"
    [ "$(stat -c %U "/proc/$pid")" = "scout-$part" ] || fail "$unit runs as $(stat -c %U "/proc/$pid")"
    touch /tmp/seen-from-outside
    # As the unit's own mounts show it.
    [ ! -e "/proc/$pid/root/tmp/seen-from-outside" ] || fail "$unit sees /tmp"
    if [ -e "/proc/$pid/root/home/guest" ]; then fail "$unit sees /home"; fi
    if touch "/proc/$pid/root/etc/scout/written" 2>/dev/null; then fail "$unit could write to /etc"; fi
    if nsenter -t "$pid" -m -- /bin/true 2>/dev/null; then fail "$unit could start /bin/true"; fi
  done
  for path in /var/lib/scout-agent/.ssh/id_ed25519 /etc/scout/agent.env /etc/scout/pki/agent.key; do
    if runuser -u scout-coordinator -- cat "$path" >/dev/null 2>&1; then fail "the coordinator's user can read $path"; fi
  done
}

# Restarts of a test come closer together than systemd takes for well.
restart() {
  systemctl reset-failed
  systemctl restart "$@"
}

# As Deploy/README.md, "Rotating the authority".
rotate() {
  "$certificates" authority /root/second
  "$certificates" issue /root/second agent 127.0.0.1
  "$certificates" issue /root/second coordinator coordinator
  cat /root/{first,second}/ca.pem >/etc/scout/pki/ca.pem
  restart scout-agent
  eventually reads
  restart scout-coordinator
  eventually reads
  echo "boot: both authorities trusted, reads go on"
  put_certificates /root/second
  restart scout-agent
  eventually reads
  restart scout-coordinator
  eventually reads
  echo "boot: certificates of the new authority, reads go on"
  cat /root/second/ca.pem >/etc/scout/pki/ca.pem
  restart scout-agent scout-coordinator
  eventually reads
  echo "boot: the old authority is gone, reads go on"
  install -m 0644 /root/first/coordinator.pem /etc/scout/pki
  install -m 0640 -g scout-coordinator /root/first/coordinator.key /etc/scout/pki
  restart scout-coordinator
  for _ in 1 2 3; do
    if reads >/dev/null; then fail "a coordinator of the old authority was let in"; fi
  done
  echo "boot: a coordinator with a certificate of the old authority is refused"
  put_certificates /root/second
  restart scout-coordinator
  eventually reads
}

# As Deploy/README.md, "Adding a segment", by joining: the agent dials, by a certificate that a token got it.
join_by_token() {
  local pki=/var/lib/scout-coordinator/pki token
  runuser -u scout-coordinator -- scout pki init --pki "$pki"
  sed -i -e 's/^SCOUT_AGENT/#&/; s/^#\(SCOUT_PKI\|SCOUT_AGENT_LISTEN\|SCOUT_ENROLL_LISTEN\)=/\1=/' /etc/scout/coordinator.env
  sed -i -e 's/^SCOUT_\(LISTEN\|TLS_.*\)=/#&/; s/^#\(SCOUT_STATE_DIR\)=/\1=/' \
    -e 's/^#SCOUT_COORDINATORS=.*/SCOUT_COORDINATORS=127.0.0.1:7444/' /etc/scout/agent.env
  systemctl stop scout-agent
  restart scout-coordinator
  eventually systemctl is-active --quiet scout-coordinator
  token=$(runuser -u scout-coordinator -- scout pki token --pki "$pki" --segment dc1 --name agent-a 2>/dev/null)
  eventually runuser -u scout-agent -- env SCOUT_JOIN_TOKEN="$token" \
    scout agent join --enroll 127.0.0.1:7445 --state-dir /var/lib/scout-agent/state
  systemctl start scout-agent
  eventually reads
  systemctl stop scout-agent
  [[ $(journalctl --no-pager -u scout-agent) == *msg=draining* ]] || fail "the agent was not drained when it was stopped"
  [ "$(systemctl show -P Result scout-agent)" = success ] || fail "a drained agent did not end well"
  systemctl start scout-agent
  eventually reads
  # As the runbook has a service's own settings looked at.
  systemd-run --quiet --pipe --wait -p User=scout-agent -p EnvironmentFile=/etc/scout/agent.env scout doctor >/tmp/last ||
    { cat /tmp/last; fail "doctor finds fault with the agent"; }
  grep -q 'takes this agent in' /tmp/last || fail "doctor did not ask the coordinator"
  echo "boot: joined by a token, dialled, drained when stopped, and doctor finds it well"
}

for part in agent coordinator; do
  [ "$(systemctl is-enabled scout-$part.service || true)" = disabled ] || fail "scout-$part.service is enabled"
  [ "$(systemctl is-active scout-$part.service || true)" = inactive ] || fail "scout-$part.service is active"
done
echo "boot: neither unit is enabled or active after the installation"

systemctl start scout-coordinator scout-agent
eventually systemctl is-active --quiet scout-coordinator scout-agent
systemctl stop scout-coordinator scout-agent
echo "boot: both start with the settings that are shipped"

make_host
make_settings
systemctl enable --now scout-agent scout-coordinator
eventually reads
[[ $(scout query --url "$url" web1 -- uname -s) == *Linux* ]] || fail "query did not answer"
[[ $(scout list --url "$url" web1:/etc/ssh) == *sshd_config* ]] || fail "list did not answer"
echo "boot: read, query and list through both units, by mutual TLS and ssh"

exec 3<>/dev/tcp/127.0.0.1/8000
printf 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n' \
  "$SCOUT_API_KEY" >&3
grep -q 'scout_link_up{agent="dc1",segment="dc1"} 1' <&3 || fail "the metrics do not say that the link is up"
exec 3<&-
echo "boot: the metrics say that the link is up"

check_confinement
echo "boot: no new privileges, no capability, own users, private /tmp, no /home, nothing to run, a system call filter"

rotate
join_by_token

systemctl stop scout-coordinator scout-agent
for part in agent coordinator; do
  [ "$(systemctl show -P Result scout-$part.service)" = success ] || fail "scout-$part.service did not end well"
done
echo 'SCOUT_MAX_POOL_SIZE=lots' >>/etc/scout/agent.env
systemctl start scout-agent || true
sleep 3
[ "$(systemctl show -P NRestarts scout-agent)" = 0 ] || fail "a setting that cannot be used is tried again and again"
[ "$(systemctl show -P ExecMainStatus scout-agent)" = 2 ] || fail "a setting that cannot be used does not end with 2"
systemctl reset-failed
echo "boot: both end well when stopped; bad settings end with 2 and are not tried again"
