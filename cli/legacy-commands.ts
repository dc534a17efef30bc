// The names that 1.x deployments call are symlinks to the executable; the name that was called selects the command.
import { basename } from "node:path";

/** Each old name with the words it stands for. */
export const legacyCommands: Readonly<Record<string, readonly string[]>> = {
  "is_major_master.sh": ["healthcheck", "is-major-master"],
  "has_enough_backends.sh": ["healthcheck", "has-enough-backends"],
  "wal-receiver.sh": ["barman", "receive-wal"],
  "has_write_node.sh": ["healthcheck", "has-write-node"],
  "entrypoint.sh": ["postgres-node", "entrypoint"],
  "wait_local_postgres": ["postgres-node", "wait-local"],
  "wait_upstream_postgres": ["postgres-node", "wait-upstream"],
  "get_node_id": ["postgres-node", "node-id"],
  "get_repmgr_schema": ["postgres-node", "repmgr-schema"],
  "cluster_master": ["postgres-node", "primary-host"],
  "has_pg_cluster": ["postgres-node", "has-cluster"],
  "sshd_start": ["postgres-node", "sshd"],
};

/** The arguments that a legacy name stands for; none for `postdock` itself. */
export function legacyArguments(argv0: string): readonly string[] {
  const name = basename(argv0);
  return Object.hasOwn(legacyCommands, name) ? legacyCommands[name]! : [];
}
