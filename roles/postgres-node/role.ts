// Wiring of the postgres-node role: configuration, HTTP, sshd, and the node's life from start to stop.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type NodeConfig, postgresNodeVariables } from "../../config/postgres-node.ts";
import { ControlClient } from "../../core/client/control-client.ts";
import { Peers } from "../../core/client/peers.ts";
import { Metrics } from "../../core/http/metrics.ts";
import { openEpochs } from "../../core/lease/epochs.ts";
import { openLongestLease } from "../../core/lease/longest.ts";
import { Voter } from "../../core/lease/voter.ts";
import type { ControlKeys, KeyRing } from "../../core/protocol/signing.ts";
import type { Trouble } from "../../core/protocol/trouble.ts";
import type { Command, Context } from "../../core/runtime/context.ts";
import type { Log } from "../../core/runtime/log.ts";
import { fraction } from "../../core/runtime/random.ts";
import { prepareSshd } from "../../core/runtime/sshd.ts";
import { roleLog, runUntilSignal } from "../../core/runtime/start.ts";
import { supervise, type Supervised } from "../../core/runtime/supervisor.ts";
import { EndsAtOnce } from "../../core/words/errors.ts";
import { endServer } from "./act/end-server.ts";
import { watchFailoverSafety } from "./act/failover-safety.ts";
import { keepDataAge, observedBefore } from "./act/data-age.ts";
import { keepSecrets, nodeSecrets } from "./act/secrets.ts";
import { Repmgrd } from "./act/repmgrd.ts";
import { loadNodeConfig } from "./config.ts";
import { stateDirectory } from "./data/journal.ts";
import { exportMetrics } from "./exporter/start.ts";
import { type Holder, lockVolume } from "./data/volume-lock.ts";
import { nodeEvents } from "./http/event-metrics.ts";
import { listen } from "./http/listen.ts";
import { Fence } from "./lease/fence.ts";
import { Lease } from "./lease/lease.ts";
import { runNode } from "./life.ts";
import { type Node, say } from "./node.ts";
import type { TlsMaterial } from "../../core/runtime/tls-material.ts";
import { keepTls, prepareTls } from "./observe/tls.ts";
import { acceptedServerConfig, prepareNode } from "./prepare.ts";
import { realDoors } from "./real-doors.ts";
import { Activity } from "./state/activity.ts";
import { Candidacy } from "./state/candidacy.ts";
import { Condition } from "./state/condition.ts";
import { History } from "./state/history.ts";
import { NodeMemory, readMemory, writeMemory } from "./state/memory.ts";
import { Orders } from "./state/orders.ts";
import { Reinit } from "./state/reinit.ts";
import { Restoring } from "./state/restoring.ts";

/** `postgres-node entrypoint`: the container's main process. */
export const nodeEntrypoint: Command = async (context) => {
  const config = loadNodeConfig(context);
  const log = roleLog(context, config, postgresNodeVariables).with({ node: config.name });
  return await runUntilSignal(context, log, (stop) => runRole(config, context, log, stop));
};

interface Made {
  node: Node;
  doors: ReturnType<typeof realDoors>;
  fence: Fence;
  voter: Voter;
  history: History;
  keys: ControlKeys;
  metrics: Metrics;
  context: Context;
}

interface Given {
  config: NodeConfig;
  context: Context;
  log: Log;
  stop: AbortSignal;
  holder: Holder;
  lacks: readonly Trouble[];
  given: { ring: KeyRing; tls: TlsMaterial };
  fail: Node["fail"];
}

/** The node with its doors, fence, voter, history and keys. */
async function makeNode(
  { config, context, log, stop, holder, lacks, given: { ring, tls }, fail }: Given,
): Promise<Made> {
  const { clock, environment } = context;
  const keys: ControlKeys = { keys: ring.keys, incarnation: randomUUID() };
  const given = { config, context, log, stop, peers: new Peers(clock, config.httpPort, tls.forPeers()) };
  const secrets = nodeSecrets({ ...given, ring, node: () => node });
  const client = new ControlClient(ring.keys, given.peers, clock);
  const metrics = new Metrics({ node: config.name });
  const events = nodeEvents(metrics);
  const seen = await observedBefore(config.pgdata, { clock, log });
  const voter = new Voter(
    { name: config.host, incarnation: keys.incarnation, ttlMs: config.leaseTtlMs, electorate: config.electorate },
    log,
    await openEpochs(stateDirectory(config.pgdata), log),
    await openLongestLease(stateDirectory(config.pgdata), config.leaseTtlMs, log),
    events.leaseRequest,
  );
  const fence = new Fence(config.pgdata, { clock, log });
  const serverConfig = await acceptedServerConfig(config, { clock, log });
  const doors = realDoors({ ...given, clock, client, serverConfig, holder, environment, secrets });
  const history = new History({ pgdata: config.pgdata, node: config.host, clock, log });
  const condition = new Condition(lacks);
  const activity = new Activity({ clock, log });
  const onLost = (because: string) => {
    condition.fencedBecause(because);
    events.fence.inc("lease-ended");
    history.warn("Fenced", { because, term: lease.term() });
    activity.wake();
  };
  const onRenewed = (ageMs: number) => events.leaseAge.observe(ageMs / 1000);
  const surely = () => endServer({ doors, fail }).then(() => true, () => false);
  const newestTimeline = () => seen.now.newestTimeline;
  const leaseDoors = { voter, client, fence, endServer: surely, newestTimeline, random: fraction, onRenewed, onLost };
  const lease = new Lease({ config, incarnation: keys.incarnation, clock, log, ...leaseDoors });
  const memory = new NodeMemory(await readMemory(config.pgdata, config.id, log), (m) => writeMemory(config.pgdata, m));
  const node: Node = {
    config,
    clock,
    log,
    stop,
    startedMs: clock.nowMs(),
    doors,
    client,
    voter,
    lease,
    repmgrd: new Repmgrd(doors.repmgr, () => [config.host, seen.now.server?.upstream?.host ?? config.host]),
    history,
    fail,
    secrets,
    events,
    memory,
    seen,
    condition,
    activity,
    candidacy: new Candidacy(clock),
    orders: new Orders(() => activity.wake()),
    restoring: new Restoring(),
    reinit: new Reinit(clock),
  };
  return { node, doors, fence, voter, history, keys, metrics, context };
}

async function runRole(config: NodeConfig, context: Context, log: Log, stop: AbortSignal): Promise<void> {
  const { lacks, queries } = await prepareNode(config, log);
  const given = await prepareTls(config, { ...context, log });
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {}); // reported below
  const holder = { node: config.name, container: hostname(), since: new Date(context.clock.wallMs()).toISOString() };
  await lockVolume({ pgdata: config.pgdata, holder, clock: context.clock, log, stop, fail: failure.reject });
  if (stop.aborted) return;
  const made = await makeNode({ config, context, log, stop, holder, lacks, given, fail: failure.reject });
  const { node, history } = made;
  await history.load();
  const sshd = config.sshEnable ? supervise(await prepareSshd(), node) : null;
  const listeners = await listen(made, given.tls.shown);
  if (!node.lease.mode.on) {
    log.warn("Running without a majority lease", { because: node.lease.mode.because, fix: node.lease.mode.fix });
  }
  exportMetrics(node, made.metrics, queries);
  for (const watch of [keepDataAge, watchFailoverSafety, keepSecrets, () => keepTls(node, given.tls)]) void watch(node);
  const failed: unknown = await Promise.race([runNode(node), failure.promise]).then(() => null, (error) => error);
  // processes end with the container, and only then may another node have the lease: nothing is waited for
  if (!(failed instanceof EndsAtOnce)) await close(made, sshd, listeners);
  if (failed !== null) throw failed;
}

async function close({ node, doors, fence }: Made, sshd: Supervised | null, listeners: readonly { close(): void }[]) {
  say(node, "stopping", "stopping", "the container is stopping");
  await Promise.all([sshd?.stop(), node.lease.release("the container is stopping").then(() => fence.stop())]);
  await doors.close();
  for (const listener of listeners) listener.close();
}
