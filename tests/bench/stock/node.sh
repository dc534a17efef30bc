#!/usr/bin/env bash
# A node as repmgr's documentation sets it up, without PostDock: the benchmark's baseline. All intervals 1 s.
set -eu
export PATH=/usr/lib/postgresql/17/bin:$PATH
data=/var/lib/postgresql/data
chown postgres "$data" && chmod 700 "$data" && mkdir -p /var/run/postgresql && chown postgres /var/run/postgresql
cat > /etc/repmgr.conf <<CONF
node_id=$STOCK_ID
node_name='$STOCK_HOST'
conninfo='host=$STOCK_HOST user=repmgr dbname=repmgr connect_timeout=1'
data_directory='$data'
use_replication_slots=yes
failover=automatic
monitor_interval_secs=1
reconnect_attempts=3
reconnect_interval=1
promote_command='repmgr standby promote -f /etc/repmgr.conf'
follow_command='repmgr standby follow -f /etc/repmgr.conf --upstream-node-id=%n'
CONF
repmgr() { gosu postgres repmgr -f /etc/repmgr.conf "$@"; }
sql() { gosu postgres psql -qX -h /var/run/postgresql -d postgres -c "$1"; }
start() {
  gosu postgres postgres -D "$data" &
  server=$!
  until gosu postgres pg_isready -q -h /var/run/postgresql; do kill -0 $server; sleep 0.2; done
}
trap 'kill -INT ${server:-0}; wait; exit 0' TERM
if [ -s "$data/PG_VERSION" ]; then
  start
elif [ "$STOCK_ID" = 1 ]; then
  gosu postgres initdb -D "$data" --auth=trust --no-sync > /dev/null
  printf '%s\n' "listen_addresses = '*'" 'wal_log_hints = on' 'shared_preload_libraries = repmgr' >> "$data/postgresql.conf"
  printf 'host %s all all trust\n' all replication >> "$data/pg_hba.conf"
  start
  sql 'create role repmgr superuser login replication'
  sql 'create database repmgr owner repmgr'
  sql "create role monkey_user superuser login password 'monkey_pass'"
  sql 'create database monkey_db owner monkey_user'
  repmgr primary register
else
  until gosu postgres psql -qX -h pgmaster -U repmgr -d repmgr -c 'select 1 from repmgr.nodes' > /dev/null 2>&1; do sleep 0.5; done
  repmgr -h pgmaster -U repmgr -d repmgr standby clone --fast-checkpoint
  start
  repmgr standby register
fi
gosu postgres repmgrd -f /etc/repmgr.conf --daemonize=false &
wait $server
