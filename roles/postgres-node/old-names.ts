// The commands of 1.x that people's scripts call in a node's container, with their old output and exit codes.
import { choosePrimary, reportOf } from "../../core/protocol/choose-primary.ts";
import type { Command, Context } from "../../core/runtime/context.ts";
import { errorText, ExitCode } from "../../core/words/errors.ts";
import { exists } from "../../core/runtime/files.ts";
import { roleLog } from "../../core/runtime/start.ts";
import { Names } from "../../core/runtime/names.ts";
import { Peers } from "../../core/client/peers.ts";
import { httpPortOf } from "../../core/protocol/port.ts";
import { prepareSshd, sshdPidPath } from "../../core/runtime/sshd.ts";
import { NodeStatus } from "../../core/protocol/status.ts";
import { supervise } from "../../core/runtime/supervisor.ts";
import { waitUntil } from "../../core/runtime/time.ts";
import type { NodeConfig } from "../../config/postgres-node.ts";
import { upstreamConnection } from "./tools/upstream.ts";
import { readJournal } from "./data/journal.ts";
import { withRemote } from "./tools/queries.ts";
import { readRegisteredNodes } from "./tools/repmgr-queries.ts";
import { loadNodeConfig } from "./config.ts";

const askMs = 3_000;

/** `get_node_id`: prints NODE_ID, or the id that follows from NODE_NAME. */
export const getNodeId: Command = (context) => {
  context.print(String(loadNodeConfig(context).id));
  return Promise.resolve(ExitCode.ok);
};

/** `get_repmgr_schema`: prints the schema of repmgr's tables. */
export const getRepmgrSchema: Command = (context) => {
  context.print("repmgr");
  return Promise.resolve(ExitCode.ok);
};

/** `has_pg_cluster`: exits 0 if PGDATA holds a complete cluster, otherwise 1. */
export const hasPgCluster: Command = async (context) => {
  const { pgdata } = loadNodeConfig(context);
  const whole = await exists(`${pgdata}/PG_VERSION`) && await readJournal(pgdata) === null;
  return whole ? ExitCode.ok : ExitCode.no;
};

/** `wait_local_postgres`: returns once this node's server answers through its network name. */
export const waitLocalPostgres: Command = (context) => {
  const config = loadNodeConfig(context);
  return waitFor(context, config, { host: config.host, needsRepmgr: false });
};

/** `wait_upstream_postgres`: returns once the upstream's server answers and has repmgr's tables. */
export const waitUpstreamPostgres: Command = (context) => {
  const config = loadNodeConfig(context);
  return waitFor(context, config, { host: config.upstreamHost ?? config.host, needsRepmgr: true });
};

async function waitFor(
  context: Context,
  config: NodeConfig,
  o: { host: string; needsRepmgr: boolean },
): Promise<number> {
  let last = "no attempt was made";
  const names = new Names(context.clock);
  const answers = async () => {
    try {
      const nodes = await withRemote(upstreamConnection(o.host, config), names, askMs, readRegisteredNodes);
      last = "repmgr's tables do not exist yet";
      return !o.needsRepmgr || nodes !== null;
    } catch (error) {
      last = errorText(error);
      return false;
    }
  };
  try {
    const deadlineMs = config.waitStartSeconds * 1000;
    await waitUntil(answers, { what: `PostgreSQL on ${o.host}`, deadlineMs, everyMs: 500 }, context);
    return ExitCode.ok;
  } catch {
    context.complain(
      `postdock: PostgreSQL on ${o.host} did not answer within ${config.waitStartSeconds} s: ${last}. Fix: see the log of ${o.host}`,
    );
    return ExitCode.no;
  }
}

/** `cluster_master`: prints the primary's host, or exits 1 if none is in sight. */
export const clusterMaster: Command = async (context) => {
  const peers = new Peers(context.clock, httpPortOf(context));
  try {
    const own = NodeStatus.parse(JSON.parse(await peers.getText("localhost", "/status", askMs)));
    const named = [...own.partners, ...(own.postgres.registered ?? []).map((r) => r.host)];
    const upstream = own.postgres.upstream?.host;
    const hosts = [...new Set([...named, ...(upstream ? [upstream] : [])])].filter((h) => h !== own.node.host);
    const answers = await Promise.all(hosts.map((host) => peers.askNode(host, { timeoutMs: askMs })));
    const others = answers.flatMap((a) => a.seen === "reached" ? [reportOf(a.host, a.status)] : []);
    const primary = choosePrimary([reportOf(own.node.host, own), ...others], own.node.host);
    if (!primary) return ExitCode.no;
    context.print(primary.host);
    return ExitCode.ok;
  } catch (error) {
    context.complain(
      `postdock: the agent of this node did not answer: ${errorText(error)}. Fix: see this container's log`,
    );
    return ExitCode.no;
  }
};

/** `sshd_start`: runs sshd in the foreground if SSH_ENABLE=1 and none runs; otherwise prints why not and returns. */
export const sshdStart: Command = async (context) => {
  const config = loadNodeConfig(context);
  if (!config.sshEnable) {
    context.print("SSH_ENABLE is 0: sshd is not started");
    return ExitCode.ok;
  }
  if (await exists(sshdPidPath)) {
    context.print("sshd is already running");
    return ExitCode.ok;
  }
  const log = roleLog(context, config, {});
  const never = { restart: "never" as const, firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 };
  const sshd = supervise({ ...await prepareSshd(), restart: never }, { clock: context.clock, log });
  return (await sshd.exited()).code ?? ExitCode.no;
};
