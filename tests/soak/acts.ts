// The acts of a soak on the real containers of a cluster.
import { type Cluster, nodes, services } from "../support/cluster.ts";
import { docker, exec } from "../support/docker.ts";
import { resultOf } from "../support/faults/operator.ts";
import { type Heal, strike } from "../support/faults/strike.ts";
import { staysTrueFor } from "../support/waits.ts";
import type { Act } from "./plan.ts";
import { space, type Stage } from "./stage.ts";

/** What is asked once the cluster is whole again: plan.ts has it in words. */
export interface Afterwards {
  holds(): Promise<boolean>;
  /** removes what the act has made */
  end?(): Promise<unknown>;
}

/**
 * Does the act and ends it. The fault lasts as long as the act says; afterwards everything runs or is starting. Throws if two
 * nodes say at the same time that they are the primary.
 */
export async function perform(act: Act, stage: Stage): Promise<Afterwards | null> {
  const { cluster } = stage;
  const each = (work: (node: string) => Promise<unknown>) => Promise.all(act.targets.map(work));
  const lasts = async (end: Heal) => {
    try {
      await staysTrueFor(act.lastsMs, oneAtMost(cluster), { what: "at most one primary", everyMs: 1_000 });
    } finally {
      await end();
    }
    return null;
  };
  switch (act.kind) {
    case "kill":
    case "stop":
    case "freeze":
    case "restart-all":
    case "full-disk":
    case "no-dns":
      return await lasts(await strike({ ...act, kind: act.kind, from: [] }, cluster));
    case "kill-postmaster":
      await strike({ ...act, kind: act.kind, from: [] }, cluster);
      return null;
    case "restart":
      await each(async (n) => docker(["restart", "--time", "15", await cluster.container(n)]));
      return null;
    case "cut":
      await each((n) => cluster.disconnect(n));
      return await lasts(async () => void await each((n) => cluster.connect(n)));
    case "wipe":
      await each((n) => stage.wipe(n));
      return null;
    case "kill-pool":
      return await killAndStart("pgpool", cluster);
    case "kill-barman":
      return await killAndStart("backup", cluster);
    case "settings":
      return await rollSettings(act.value!, stage);
    case "password":
      await stage.change({ password: `replication_pass_${act.value}` });
      await stage.remake(services);
      return { holds: () => allStream(cluster) };
    case "tablespace":
      return await cloneWithTablespace(act.targets[0]!, cluster);
  }
}

const oneAtMost = (cluster: Cluster) => () => cluster.primary().then(() => true);

async function killAndStart(service: string, cluster: Cluster): Promise<null> {
  await cluster.kill(service);
  await cluster.start(service);
  return null;
}

/** A standby must not have fewer connections than its primary: upwards the standbys go first, downwards the primary. */
async function rollSettings(connections: number, stage: Stage): Promise<Afterwards> {
  const { cluster } = stage;
  const up = connections >= stage.connections;
  await stage.change({ connections });
  const primary = await cluster.primary();
  const standbys = nodes.filter((n) => n !== primary);
  const order = primary === null ? standbys : up ? [...standbys, primary] : [primary, ...standbys];
  for (const node of order) {
    await stage.remake([node]);
    await cluster.waitWhole();
  }
  const shown = async (node: string) => await cluster.psql(node, "show max_connections") === String(connections);
  // downwards the primary had handed over to a node that still had more: it comes down as doctor says
  const leads = await cluster.primary();
  if (!up && leads !== null && !await shown(leads)) {
    await exec(await cluster.container(leads), ["gosu", "postgres", "pg_ctl", "stop"], 60_000);
  }
  return { holds: async () => (await Promise.all(nodes.map(shown))).every(Boolean) };
}

async function allStream(cluster: Cluster): Promise<boolean> {
  const barman = await cluster.status("backup");
  if (barman?.component !== "barman" || !barman.receiving) return false;
  await cluster.waitWhole();
  return true;
}

async function cloneWithTablespace(standby: string, cluster: Cluster): Promise<Afterwards> {
  const primary = await cluster.waitWhole();
  for (const node of nodes) await exec(await cluster.container(node), ["chown", "postgres:postgres", space]);
  await cluster.psql(primary, `create tablespace soak location '${space}'`);
  await cluster.psql(primary, "create table placed tablespace soak as select generate_series(1, 100000) as n");
  await resultOf(cluster, "reinit", standby);
  return {
    holds: async () => await cluster.psql(standby, "select count(*) from placed") === "100000",
    end: async () => {
      const leader = await cluster.waitWhole();
      await cluster.psql(leader, "drop table placed");
      await cluster.psql(leader, "drop tablespace soak");
    },
  };
}
