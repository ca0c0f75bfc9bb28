#!/bin/sh
# Makes each secret of the compose file once, as a file that its readers alone can read; run by its service `secrets`.
# What is there stays. Postgres is uid 999 in its image, the service 10001, Prometheus 65534, Grafana 472.
set -eu
umask 077

keep() { # $1 the file, $2 its reader, $3 what is in it
  [ ! -s "$1" ] || return 0
  printf '%s\n' "$3" >"$1.new"
  chown "$2" "$1.new"
  mv "$1.new" "$1"
}
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

keep owner/password 999 "$(secret)"
keep service/password 999 "$(secret)"
keep grafana/password 472 "$(secret)"
keep metrics/token 10001:65534 "$(secret)"
chmod 440 metrics/token

owner=$(cat owner/password) service=$(cat service/password)
keep owner/pgpass 10001 "*:*:*:meguri_owner:$owner"
keep service/pgpass 10001 "*:*:*:meguri_app:$service"
keep owner/nodes.pgpass 999 "*:*:*:meguri_owner:$owner
*:*:*:meguri_app:$service"
chmod 755 owner service metrics grafana
echo "The secrets are there."
