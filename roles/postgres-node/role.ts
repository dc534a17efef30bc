// Wiring of the postgres-node role: configuration, HTTP, sshd, and the node's life from start to stop.
import { type NodeConfig, postgresNodeVariables } from "../../config/postgres-node.ts";
import type { Command, Context } from "../runtime/context.ts";
import { remove } from "../runtime/files.ts";
import { httpApp, type RoleHttp, serve } from "../runtime/http-app.ts";
import type { Log } from "../runtime/log.ts";
import { httpPort } from "../runtime/peers.ts";
import { prepareSshd } from "../runtime/sshd.ts";
import { roleLog, runUntilSignal, secretsOf } from "../runtime/start.ts";
import { supervise, type Supervised } from "../runtime/supervisor.ts";
import { loadNodeConfig } from "./config.ts";
import { initialState } from "./agent-state.ts";
import { nodeHttp } from "./http.ts";
import { answerLocal } from "./local-commands.ts";
import { readMemory } from "./marker.ts";
import type { Node } from "./node.ts";
import { acceptedServerConfig, prepareNode } from "./prepare.ts";
import { connectLocal } from "./queries.ts";
import { agentSocketPath } from "./repmgr-conf.ts";
import { runNode } from "./start-loop.ts";

/** `postgres-node entrypoint`: the container's main process. */
export const nodeEntrypoint: Command = async (context) => {
  const config = loadNodeConfig(context);
  const log = roleLog(context, config.logLevel, secretsOf(postgresNodeVariables, config)).with({ node: config.name });
  return await runUntilSignal(context, log, (stop) => runRole(config, context, log, stop));
};

async function runRole(config: NodeConfig, context: Context, log: Log, stop: AbortSignal): Promise<void> {
  const { clock } = context;
  const state = initialState(clock.nowMs());
  await prepareNode(config);
  const node: Node = {
    config,
    state,
    clock,
    log,
    stop,
    serverConfig: await acceptedServerConfig(config, log),
    memory: await readMemory(config.pgdata, config.id),
    histories: new Map(),
    sql: connectLocal(config.replicationDb),
    trouble: null,
    repmgrd: null,
    wake: () => {},
  };
  state.everHadMajority = node.memory.everHadMajority;
  const sshd = config.sshEnable ? supervise(await prepareSshd(), node) : null;
  const listeners = await listen(nodeHttp(node), node);
  warnOnce(config, log);
  try {
    await runNode(node);
  } finally {
    state.phase = "stopping";
    await stopAll(node, sshd);
    for (const listener of listeners) listener.close();
  }
}

async function listen(role: RoleHttp, node: Node) {
  const app = httpApp(role, node.log);
  const local = httpApp(role, node.log);
  local.post("/local/:command", async (c) => {
    const verdict = await answerLocal(c.req.path, await c.req.json(), node);
    if (!verdict) return c.text("no such command\n", 404);
    return c.text(verdict.because + "\n", verdict.ok ? 200 : 409);
  });
  await remove(agentSocketPath);
  return [await serve(app, { port: httpPort }), await serve(local, { socketPath: agentSocketPath }, 0o660)];
}

async function stopAll(node: Node, sshd: Supervised | null): Promise<void> {
  await sshd?.stop();
  await node.sql.end({ timeout: 0 }).catch(() => {});
}

function warnOnce(config: NodeConfig, log: Log): void {
  if (config.partners.length === 0 && config.upstreamHost === null) {
    log.warn("PARTNER_NODES is empty: failover is plain repmgr's, without a majority; two primaries are possible", {
      fix: "name the nodes of the first level, three or more, in PARTNER_NODES of each of them",
    });
  }
  if (config.partners.length === 2) {
    log.warn("PARTNER_NODES names two nodes: no automatic failover, since one cannot be told from a partition", {
      fix: "add a third node to PARTNER_NODES",
    });
  }
}
