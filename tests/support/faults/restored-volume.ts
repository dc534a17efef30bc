// A node's volume that went back in time: a copy of its data is kept, and later takes the place of what the node has then.
// What PostDock keeps there is not in the copy, as in a backup that was made by PostgreSQL's own means.
import type { Cluster } from "../cluster.ts";
import { docker, exec } from "../docker.ts";

/** pg_basebackup skips this name, and so do the clones of other nodes. */
const copy = "$PGDATA/pgsql_tmp.copy";

/** Copies the data of a running node into its own volume, with those of PostDock's files there that `also` names. */
export async function keepCopy(cluster: Cluster, node: string, also: string | null = null): Promise<void> {
  const backup = `gosu postgres pg_basebackup --pgdata=${copy} --checkpoint=fast --wal-method=stream`;
  const more = also === null ? "" : `; cd $PGDATA && cp -a --parents ${also} ${copy}/`;
  await exec(await cluster.container(node), ["bash", "-c", `set -e; rm -rf ${copy}; ${backup}${more}`], 60_000);
}

/**
 * Replaces the data of a node that does not run by its copy, which is first recovered and promoted alone to `timeline`: as
 * if an operator had restored a backup with PostgreSQL's own means.
 */
export async function restoreCopy(cluster: Cluster, node: string, timeline: number): Promise<void> {
  const server = "-c primary_conninfo= -c synchronous_standby_names= -c listen_addresses= -c recovery_end_command= " +
    "-c shared_preload_libraries=";
  const script = `set -e; cd /tmp; chown postgres /var/run/postgresql
    as() { gosu postgres "$@" > /dev/null; }
    as touch ${copy}/standby.signal
    as pg_ctl -D ${copy} -w -o "${server}" start
    for n in $(seq 2 ${timeline - 1}); do as touch ${copy}/pg_wal/$(printf %08X $n).history; done
    as pg_ctl -D ${copy} -w promote; as pg_ctl -D ${copy} -m fast -w stop
    find $PGDATA -mindepth 1 -maxdepth 1 ! -name pgsql_tmp.copy -exec rm -rf {} +
    mv ${copy}/* $PGDATA/; rm -rf ${copy}`;
  const from = await cluster.container(node);
  const image = (await docker(["inspect", "--format", "{{.Config.Image}}", from])).trim();
  await docker(["run", "--rm", "--volumes-from", from, "--entrypoint", "bash", image, "-c", script]);
}
