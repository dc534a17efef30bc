# A node as 1.x ran it, with today's PostgreSQL: its images cannot be had, nor could they run. The data are at the mount itself, the
# superuser is the application's user, passwords are hashed by MD5, and repmgr's records hold passwords.
set -eu
export PATH="/usr/lib/postgresql/17/bin:$PATH" PGDATA=/var/lib/postgresql/data
number="${HOSTNAME##*-}"
host() { echo "$NAME-db-node-$1.$NAME-db"; }
conninfo() {
  echo "user=$REPLICATION_USER password=$REPLICATION_PASSWORD host=$(host "$1") dbname=$REPLICATION_DB port=5432 connect_timeout=2"
}
cat >/etc/repmgr.conf <<END
node_id=$((1000 + number))
node_name='$HOSTNAME'
conninfo='$(conninfo "$number")'
data_directory='$PGDATA'
END
as_postgres() { gosu postgres "$@"; }
chown postgres:postgres "$PGDATA"
chmod 700 "$PGDATA"

if [ ! -s "$PGDATA/PG_VERSION" ] && [ "$number" = 0 ]; then
  as_postgres initdb --username="$POSTGRES_USER" --auth=trust >/dev/null
  cat >>"$PGDATA/postgresql.conf" <<'END'
listen_addresses = '*'
wal_level = hot_standby
max_wal_senders = 5
max_replication_slots = 5
hot_standby = on
wal_log_hints = on
archive_mode = on
archive_command = '/bin/true'
shared_preload_libraries = 'repmgr'
password_encryption = md5
END
  printf 'host all all all md5\nhost replication %s all md5\n' "$REPLICATION_USER" >>"$PGDATA/pg_hba.conf"
  as_postgres pg_ctl -w -o "-c listen_addresses=''" start >/dev/null
  as_postgres psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d postgres <<END
alter role $POSTGRES_USER password '$POSTGRES_PASSWORD';
create role $REPLICATION_USER superuser replication login password '$REPLICATION_PASSWORD';
create database "$POSTGRES_DB";
create database $REPLICATION_DB owner $REPLICATION_USER;
END
  as_postgres pg_ctl -w stop >/dev/null
  echo "$HOSTNAME" >"$PGDATA/master.lock"
elif [ ! -s "$PGDATA/PG_VERSION" ]; then
  until as_postgres psql -q -c 'select 1 from repmgr.nodes' "$(conninfo 0)" >/dev/null; do sleep 1; done
  as_postgres pg_basebackup -d "$(conninfo 0)" -D "$PGDATA" -R -X stream -c fast -C -S "repmgr_slot_$((1000 + number))"
  rm -f "$PGDATA/master.lock"
  echo 1000 >"$PGDATA/standby.lock"
fi
chown postgres:postgres "$PGDATA"/*.lock

register() {
  if [ "$number" = 0 ]; then
    as_postgres repmgr -f /etc/repmgr.conf primary register --force
  else
    as_postgres repmgr -f /etc/repmgr.conf standby register --force --upstream-node-id=1000
  fi
}
until register; do sleep 1; done &
exec tini -- gosu postgres postgres
