// A node with fake doors, lease and clock, for pure tests of its loop. What it does becomes a list of words, in order.
import { createLog } from "../../core/runtime/log.ts";
import { Metrics } from "../../core/http/metrics.ts";
import { Secrets } from "../../core/runtime/secrets.ts";
import { nodeEvents } from "../../roles/postgres-node/http/event-metrics.ts";
import type { Node } from "../../roles/postgres-node/node.ts";
import { observeServer } from "../../roles/postgres-node/observe/server.ts";
import { Activity } from "../../roles/postgres-node/state/activity.ts";
import { Candidacy } from "../../roles/postgres-node/state/candidacy.ts";
import { Condition } from "../../roles/postgres-node/state/condition.ts";
import { type Memory, NodeMemory } from "../../roles/postgres-node/state/memory.ts";
import { Observed } from "../../roles/postgres-node/state/observed.ts";
import { Orders } from "../../roles/postgres-node/state/orders.ts";
import { Reinit } from "../../roles/postgres-node/state/reinit.ts";
import { Restoring } from "../../roles/postgres-node/state/restoring.ts";
import { FakeClock } from "./fake-clock.ts";
import { cluster, fakeConfig, says, server } from "./fake-cluster.ts";
import { fakeLease } from "./fake-lease.ts";
import { World } from "./fake-world.ts";

export interface FakeNode {
  node: Node;
  world: World;
  clock: FakeClock;
  stop: AbortController;
  /** its log, one line an event */
  lines: string[];
  /** what it has counted */
  metrics: Metrics;
}

/** A node of three partners that has been part of a majority, and was primary when it last ran; `memory` and variables change that. */
export function fakeNode(environment: Record<string, string> = {}, remembered: Partial<Memory> = {}): FakeNode {
  const world = new World();
  const clock = new FakeClock();
  const stop = new AbortController();
  const lines: string[] = [];
  const metrics = new Metrics();
  const log = createLog({ level: "DEBUG", write: (line) => lines.push(line), wallMs: () => 0 });
  const activity = new Activity({ clock, log });
  const doors = world.doors();
  const memory: Memory = {
    nodeId: 1,
    systemIdentifier: "7",
    everHadMajority: true,
    hosts: [],
    paused: { on: false, count: 0, atMs: 0 },
    granted: null,
    followed: 0,
    forced: false,
    restore: null,
    lastRestore: null,
    replaced: null,
    force: null,
    ...remembered,
  };
  let daemon = false;
  const node: Node = {
    config: fakeConfig(environment),
    clock,
    log,
    stop: stop.signal,
    startedMs: clock.nowMs(),
    doors,
    client: {
      ask: (order, host) => {
        world.note(`ask ${order.path}`);
        return Promise.resolve(order.answer.parse(world.answer(host, order.path)));
      },
    },
    voter: { granted: () => null },
    lease: fakeLease(world),
    repmgrd: {
      running: () => daemon,
      held: () => null,
      start: () => void (daemon = true),
      stop: () => {
        daemon = false;
        return Promise.resolve();
      },
    },
    events: nodeEvents(metrics),
    history: {
      note: (event) => world.did.push(`history: ${event}`),
      warn: (event) => world.did.push(`history: ${event}`),
      all: () => [],
    },
    secrets: fakeSecrets(log, clock, stop.signal),
    fail: (error) => void world.did.push(`fail: ${error.message}`),
    memory: new NodeMemory(memory, () => Promise.resolve().then(() => world.note("memory"))),
    seen: new Observed(),
    condition: new Condition(),
    activity,
    candidacy: new Candidacy(clock),
    orders: new Orders(() => activity.wake()),
    restoring: new Restoring(),
    reinit: new Reinit(clock),
  };
  return { node, world, clock, stop, lines, metrics };
}

/** No secret of it changes. */
const fakeSecrets = (log: Node["log"], clock: FakeClock, stop: AbortSignal) =>
  new Secrets({
    context: { environment: {}, readFile: () => "", clock },
    log,
    stop,
    ring: { keys: ["a key of tests"], formerSigners: [] },
    trusting: false,
    compares: false,
    login: () => Promise.resolve("works"),
  });

/** Its server runs and has been looked at, without the loop around it. */
export async function started(f: FakeNode): Promise<FakeNode> {
  f.node.seen.serverStarted(f.node.clock.nowMs());
  f.node.doors.server.start(() => {});
  await observeServer(f.node);
  return f;
}

/** A server that ends because a setting is too low. */
const lowSetting = [
  "[20] LOG:  starting PostgreSQL",
  "[23] FATAL:  recovery aborted because of insufficient parameter settings",
  "[23] DETAIL:  max_connections = 50 is a lower setting than on the primary server, where its value was 100.",
  "[20] LOG:  startup process (PID 23) exited with exit code 1",
];

/** A standby of pg2 whose server ends right after each start; `start` is that of one that runs. */
export function brokenStandby(
  environment: Record<string, string> = {},
): FakeNode & { start: Node["doors"]["server"]["start"] } {
  const f = fakeNode(environment);
  f.world.others.set("pg2", says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false }));
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  f.world.says = lowSetting;
  const { start } = f.node.doors.server;
  f.node.doors.server.start = (heard) => {
    const process = start(heard);
    f.world.end({ code: 1, signal: null, livedMs: 1 });
    return process;
  };
  return { ...f, start };
}

/** A running standby whose primary has gone; the other two standbys have less WAL. */
export async function orphanedStandby(environment: Record<string, string> = {}, remembered = {}): Promise<FakeNode> {
  const f = fakeNode(environment, remembered);
  for (const host of ["pg2", "pg3"]) f.world.others.set(host, says(host, {}, { lsn: "0/2000000" }));
  f.world.server = server({ standby: true, upstream: { host: "pg9", port: 5432, streaming: false } });
  return await started(f);
}

/** Ends the loop at once. */
export async function endLife(f: FakeNode, life: Promise<void>): Promise<void> {
  f.stop.abort("SIGQUIT");
  await f.clock.pass(1_000);
  await life;
}
