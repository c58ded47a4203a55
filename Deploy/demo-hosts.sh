#!/bin/bash
# Three hosts to try Scout on: OpenSSH's sshd on 127.83.67.1, .2 and .3 with keys and files of its own.
#
# Usage: demo-hosts.sh FOLDER. Fills the empty FOLDER, prints the path of its ssh_config once all three listen, and
# serves until its standard input ends or a signal comes; then it ends the servers. The folder is the caller's to remove.
set -euo pipefail
folder=$(cd "$1" && pwd)
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd

ssh-keygen -q -t ed25519 -N '' -C scout-demo -f "$folder/client_key"
cp "$folder/client_key.pub" "$folder/authorized_keys"
sshd=$(command -v sshd || echo /usr/sbin/sshd)
sftp_server=/usr/lib/openssh/sftp-server
servers=()
reader=
trap 'kill "${servers[@]}" $reader 2>/dev/null || true; wait' EXIT
trap 'exit 0' INT TERM HUP

sample_files() { # name, address
  local home=$folder/$1
  mkdir -p "$home/etc" "$home/log"
  printf 'name: %s\nlisten: %s:8080\nworkers: 4\nlog: ~/log/app.log\n' "$1" "$2" >"$home/etc/app.yaml"
  [ "$1" != web2 ] || sed -i 's/workers: 4/workers: 8/' "$home/etc/app.yaml"
  printf 'nameserver 10.0.0.53\nsearch demo.internal\n' >"$home/etc/resolv.conf"
  for hour in 01 02 03; do
    printf '2026-01-01T%s:00:00Z INFO app started\n2026-01-01T%s:07:41Z WARN slow request ms=812\n' "$hour" "$hour"
  done >"$home/log/app.log"
}

number=0
port=0
for name in web1 web2 db1; do
  number=$((number + 1))
  address=127.83.67.$number
  sample_files "$name" "$address"
  ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$folder/host_key_$name"
  cat >"$folder/sshd_config_$name" <<CONFIG
HostKey $folder/host_key_$name
AuthorizedKeysFile $folder/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
PrintMotd no
SetEnv HOME=$folder/$name
ForceCommand cd "\$HOME" && exec /bin/sh -c "\$SSH_ORIGINAL_COMMAND"
PermitUserRC no
Subsystem sftp $sftp_server -d $folder/$name
CONFIG
  # A port that is taken ends sshd at once: the next one is tried.
  for try in $(seq 0 50); do
    [ "$number" -ne 1 ] || port=$((22022 + try))
    "$sshd" -D -e -f "$folder/sshd_config_$name" -o "ListenAddress=$address:$port" </dev/null \
      >/dev/null 2>"$folder/sshd_$name.log" &
    pid=$!
    servers+=("$pid")
    until grep -qs 'Server listening' "$folder/sshd_$name.log" || ! kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    ! kill -0 "$pid" 2>/dev/null || break
    unset 'servers[-1]'
    [ "$number" -eq 1 ] && [ "$try" -lt 50 ] || {
      cat "$folder/sshd_$name.log" >&2
      exit 1
    }
  done
  read -r type key _ <"$folder/host_key_$name.pub"
  echo "[$address]:$port $type $key" >>"$folder/known_hosts"
  printf 'Host %s\n  HostName %s\n' "$name" "$address" >>"$folder/ssh_config"
done
cat >>"$folder/ssh_config" <<CONFIG
Host *
  Port $port
  User $(id -un)
  IdentityFile $folder/client_key
  IdentitiesOnly yes
  UserKnownHostsFile $folder/known_hosts
CONFIG
echo "$folder/ssh_config"
# In the background, so that a signal interrupts the wait at once.
exec 3<&0
cat <&3 >/dev/null &
reader=$!
wait $reader || true
