#!/bin/bash
# Makes a private certificate authority for the links between coordinators and agents, and certificates of it.
#
# usage: certificates.sh authority FOLDER [DAYS]                 FOLDER/ca.pem and FOLDER/ca.key; 1825 days
#        certificates.sh issue FOLDER NAME ADDRESS [ADDRESS...]  FOLDER/NAME.pem and FOLDER/NAME.key; 90 days, or SCOUT_CERT_DAYS
#        certificates.sh check FOLDER [DAYS]                     fails if a certificate ends within DAYS (30) or is not of ca.pem
#
# ADDRESS: a DNS name or IP address by which coordinators connect; a coordinator's own certificate takes its name. Nothing
# that exists is overwritten. Keep ca.key off the machines that run Scout: whoever has it can be a coordinator. So can who has the key of
# any certificate made here, an agent's too: they do not say which end of a link they are. Those of `scout pki` do.
set -euo pipefail
umask 077

usage() {
  sed -n '4,6s/^# //p' "$0" >&2
  exit 2
}

fail() {
  echo "certificates: $*" >&2
  exit 1
}

# Ends the work when one of the files is there already.
fresh() {
  for file in "$@"; do [ ! -e "$file" ] || fail "$file is there already: move it away first"; done
}

# A whole number from 1 to 99999.
days() {
  case $1 in '' | 0* | *[!0-9]* | ??????*) usage ;; esac
  echo "$1"
}

# Runs openssl; what it says is shown only when it fails.
quiet_openssl() {
  openssl "$@" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
  }
}

make_authority() { # folder, days
  local folder=$1
  mkdir -p "$folder"
  fresh "$folder/ca.pem" "$folder/ca.key"
  cat >"$work/ca.conf" <<'CONF'
[req]
prompt = no
distinguished_name = name
x509_extensions = ca
[name]
CN = Scout authority
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONF
  quiet_openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -days "$2" \
    -config "$work/ca.conf" -keyout "$work/ca.key" -out "$work/ca.pem"
  install -m 0600 "$work/ca.key" "$folder/ca.key"
  install -m 0644 "$work/ca.pem" "$folder/ca.pem"
  echo "certificates: made $folder/ca.pem, in force for $2 days"
}

# An address by its digits and dots or its colon, else a name.
subject_name() {
  case $1 in
    *:*) echo "IP:$1" ;;
    *[!0-9.]*) echo "DNS:$1" ;;
    *) echo "IP:$1" ;;
  esac
}

issue() { # folder, days, name, address...
  local folder=$1 days=$2 name=$3 names=
  shift 3
  case $name in *[!A-Za-z0-9._-]* | .* | ca) usage ;; esac
  fresh "$folder/$name.pem" "$folder/$name.key"
  [ -r "$folder/ca.key" ] || fail "$folder/ca.key is not there: first certificates.sh authority $folder"
  openssl x509 -in "$folder/ca.pem" -noout -checkend $((days * 86400)) >/dev/null \
    || fail "$folder/ca.pem ends within $days days: set SCOUT_CERT_DAYS to fewer, or make a new authority"
  for address in "$@"; do
    case $address in '' | *[!A-Za-z0-9.:-]*) usage ;; esac
    names=$names${names:+, }$(subject_name "$address")
  done
  cat >"$work/leaf.conf" <<CONF
[req]
prompt = no
distinguished_name = name
[name]
CN = $name
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = $names
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
  quiet_openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -config "$work/leaf.conf" \
    -keyout "$work/leaf.key" -out "$work/leaf.csr"
  quiet_openssl x509 -req -in "$work/leaf.csr" -sha256 -days "$days" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
    -set_serial "0x1$(openssl rand -hex 15)" -extfile "$work/leaf.conf" -extensions leaf -out "$work/leaf.pem"
  quiet_openssl verify -CAfile "$folder/ca.pem" "$work/leaf.pem"
  install -m 0600 "$work/leaf.key" "$folder/$name.key"
  install -m 0644 "$work/leaf.pem" "$folder/$name.pem"
  echo "certificates: made $folder/$name.pem for $names, in force for $days days"
}

# When the first of the certificates in a file ends. While an authority is rotated, ca.pem holds two.
first_end() { # file
  local part
  rm -f "$work"/part.*
  awk -v to="$work/part." '/-----BEGIN CERTIFICATE-----/ { n++ } n { print > (to n) }' "$1"
  [ -e "$work/part.1" ] || fail "$1 holds no certificate"
  for part in "$work"/part.*; do
    openssl x509 -in "$part" -noout -enddate -dateopt iso_8601 | cut -d = -f 2
  done | sort | head -n 1
}

check() { # folder, days
  local status=0 pem end
  [ -r "$1/ca.pem" ] || fail "$1/ca.pem is not there"
  for pem in "$1"/*.pem; do
    end=$(first_end "$pem")
    if [ "$(date -d "$end" +%s)" -lt $(($(date +%s) + $2 * 86400)) ]; then
      echo "certificates: $pem ends within $2 days ($end)" >&2
      status=1
    elif ! openssl verify -CAfile "$1/ca.pem" "$pem" >/dev/null 2>&1; then
      echo "certificates: $pem is not of $1/ca.pem" >&2
      status=1
    else
      echo "certificates: $pem is good until $end"
    fi
  done
  return "$status"
}

[ $# -ge 2 ] || usage
command -v openssl >/dev/null || fail "openssl is missing; on Debian: apt-get install openssl"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $1 in
  authority)
    [ $# -le 3 ] || usage
    number=$(days "${3:-1825}")
    make_authority "$2" "$number"
    ;;
  issue)
    [ $# -ge 4 ] || usage
    number=$(days "${SCOUT_CERT_DAYS:-90}")
    issue "$2" "$number" "${@:3}"
    ;;
  check)
    [ $# -le 3 ] || usage
    number=$(days "${3:-30}")
    check "$2" "$number"
    ;;
  *) usage ;;
esac
