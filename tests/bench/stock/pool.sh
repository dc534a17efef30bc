#!/usr/bin/env bash
# pgpool with its own health checks, all intervals 1 s, without PostDock: the benchmark's baseline.
set -eu
mkdir -p /var/run/pgpool && chown postgres /var/run/pgpool
until (exec 3<> /dev/tcp/pgmaster/5432) 2> /dev/null; do sleep 0.5; done
cat > /tmp/pgpool.conf <<CONF
backend_clustering_mode = 'streaming_replication'
listen_addresses = '*'
port = 5432
unix_socket_directories = '/var/run/pgpool'
pcp_socket_dir = '/var/run/pgpool'
pid_file_name = '/var/run/pgpool/pgpool.pid'
logdir = '/var/run/pgpool'
num_init_children = 32
health_check_period = 1
health_check_timeout = 1
health_check_user = 'monkey_user'
health_check_database = 'postgres'
health_check_max_retries = 0
connect_timeout = 1000
sr_check_period = 1
sr_check_user = 'monkey_user'
sr_check_database = 'postgres'
auto_failback = on
auto_failback_interval = 1
$(n=0; for host in pgmaster pgslave1 pgslave3; do
  echo "backend_hostname$n = '$host'"; echo "backend_port$n = 5432"; echo "backend_application_name$n = '$host'"; n=$((n + 1))
done)
CONF
exec gosu postgres pgpool -n -f /tmp/pgpool.conf
