// Wiring of the postgres-node role: configuration, HTTP, sshd, and the node's life from start to stop.
import { randomBytes, randomUUID } from "node:crypto";
import { type NodeConfig, postgresNodeVariables } from "../../config/postgres-node.ts";
import type { Command, Context } from "../../core/runtime/context.ts";
import { remove } from "../../core/runtime/files.ts";
import { ControlClient } from "../../core/client/control-client.ts";
import { Peers } from "../../core/client/peers.ts";
import { answering, controlApp } from "../../core/http/control.ts";
import { Voter } from "../../core/lease/voter.ts";
import { orders } from "../../core/protocol/orders.ts";
import { clusterKeys } from "../../core/protocol/signing.ts";
import { httpApp, type RoleHttp } from "../../core/http/app.ts";
import { serve } from "../../core/http/serve.ts";
import type { Log } from "../../core/runtime/log.ts";
import { httpPort } from "../../core/protocol/port.ts";
import { prepareSshd } from "../../core/runtime/sshd.ts";
import { roleLog, runUntilSignal, secretsOf } from "../../core/runtime/start.ts";
import { supervise, type Supervised } from "../../core/runtime/supervisor.ts";
import { loadNodeConfig } from "./config.ts";
import { initialState } from "./state/agent-state.ts";
import { Fence } from "./lease/fence.ts";
import { takeOver } from "./act/hand-over.ts";
import { nodeHttp } from "./http/probes.ts";
import { History } from "./state/history.ts";
import { Lease } from "./lease/lease.ts";
import { operatorAnswers } from "./http/operator.ts";
import { answerLocal } from "./http/local-commands.ts";
import { isMajorMaster } from "./http/is-major-master.ts";
import { readMemory } from "./state/memory.ts";
import type { Node } from "./node.ts";
import { acceptedServerConfig, prepareNode } from "./prepare.ts";
import { connectLocal } from "./tools/queries.ts";
import { agentSocketPath } from "./text/repmgr-conf.ts";
import { runNode } from "./life.ts";

/** `postgres-node entrypoint`: the container's main process. */
export const nodeEntrypoint: Command = async (context) => {
  const config = loadNodeConfig(context);
  const log = roleLog(context, config.logLevel, secretsOf(postgresNodeVariables, config)).with({ node: config.name });
  return await runUntilSignal(context, log, (stop) => runRole(config, context, log, stop));
};

/** The node and what it votes, claims and fences with. */
async function makeNode(config: NodeConfig, context: Context, log: Log, stop: AbortSignal): Promise<Node> {
  const { clock } = context;
  const state = initialState(clock.nowMs());
  const incarnation = randomUUID();
  const keys = clusterKeys(config.clusterKeys, config.replicationPassword);
  const peers = new Peers(clock);
  const client = new ControlClient(keys, peers, clock);
  const voter = new Voter(
    { name: config.host, incarnation, ttlMs: config.leaseTtlMs, electorate: config.electorate },
    log,
  );
  const fence = new Fence(config.pgdata, { clock, log });
  const onLost = (because: string) => {
    state.fenced = because;
    node.history.note("Fenced", { because });
    node.wake();
  };
  const lease = new Lease({ config, incarnation, voter, client, fence, clock, log, random: fraction, onLost });
  const node: Node = {
    config,
    state,
    clock,
    log,
    stop,
    serverConfig: await acceptedServerConfig(config, log),
    memory: await readMemory(config.pgdata, config.id, log),
    timelines: new Map(),
    ownOrigin: null,
    sql: connectLocal(config.replicationDb),
    trouble: null,
    repmgrd: null,
    lease,
    voter,
    client,
    peers,
    fence,
    keys: { keys, incarnation },
    announced: { key: "", waiting: new AbortController() },
    names: new Map(),
    silent: new Set(),
    sawPrimary: false,
    history: new History({ pgdata: config.pgdata, node: config.host, clock, log }),
    rewinding: null,
    cloneAsked: null,
    handOver: null,
    wake: () => {},
  };
  return node;
}

async function runRole(config: NodeConfig, context: Context, log: Log, stop: AbortSignal): Promise<void> {
  await prepareNode(config);
  const node = await makeNode(config, context, log, stop);
  const { state } = node;
  await node.history.load();
  if (node.memory.forced) node.lease.force();
  state.everHadMajority = node.memory.everHadMajority;
  const sshd = config.sshEnable ? supervise(await prepareSshd(), node) : null;
  const listeners = await listen(nodeHttp(node), node);
  if (!node.lease.mode.on) {
    log.warn("No majority lease", { because: node.lease.mode.because, fix: node.lease.mode.fix });
  }
  try {
    await runNode(node);
  } finally {
    state.phase = "stopping";
    await stopAll(node, sshd);
    for (const listener of listeners) listener.close();
  }
}

async function listen(role: RoleHttp, node: Node) {
  const answers = [
    answering(orders.vote, (request) => node.voter.handle(request)),
    answering(orders.takeOver, (question) => takeOver(question, node)),
    ...operatorAnswers(node),
  ];
  const app = httpApp(role, node.log, controlApp(answers, { ...node.keys, clock: node.clock, log: node.log }));
  const local = httpApp(role, node.log);
  local.post("/local/:command", async (c) => {
    const verdict = await answerLocal(c.req.path, await c.req.json(), node);
    if (!verdict) return c.text("no such command\n", 404);
    return c.text(verdict.because + "\n", verdict.ok ? 200 : 409);
  });
  app.get("/local/is-major-master", async (c) => {
    const verdict = await isMajorMaster(node);
    return c.text(verdict.because + "\n", verdict.ok ? 200 : 503);
  });
  app.get("/history", (c) => c.json({ schema: 1, entries: node.history.all() }));
  await remove(agentSocketPath);
  return [await serve(app, { port: httpPort }), await serve(local, { socketPath: agentSocketPath }, 0o660)];
}

async function stopAll(node: Node, sshd: Supervised | null): Promise<void> {
  await Promise.all([sshd?.stop(), node.lease.release("the container stops").then(() => node.fence.stop())]);
  await node.sql.end({ timeout: 0 }).catch(() => {});
}

/** In [0, 1); which of two candidates tries first is nothing to guess. */
function fraction(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32;
}
