// A running server, as in serve.ts, duties.ts and act/ of the role: one look after another, and what each makes it do.
import { decideMemory } from "../../../roles/postgres-node/decide/memory.ts";
import { decideSuccessor } from "../../../roles/postgres-node/decide/successor.ts";
import { decideSync } from "../../../roles/postgres-node/decide/sync.ts";
import { endForce, mayGetFirstLease, outranks } from "./force.ts";
import type { SimNode, TakeOver } from "./node.ts";
import { endServer } from "./postgres.ts";
import { promoteHere } from "./promotion.ts";
import { licenseOf, look, runningOf, type Surroundings } from "./views.ts";
import { positionOf, write } from "./wal.ts";
import type { DataWorld } from "./world.ts";

/** How many looks a successor waits for the last record. */
const takeOverLooks = 4;
const longestPauseMs = 6_000;

/** Serves until the server ends; "died" if nobody here has ended it. */
export function* serve(node: SimNode, world: DataWorld): Generator<void, "died" | "ended" | "lead-again"> {
  const now = node.now!;
  Object.assign(now, { cloneBecause: null, answers: true, streamed: false });
  while (true) {
    yield;
    if (now.server === "none") {
      now.rejoining = false;
      return "died";
    }
    if (now.server === "primary") now.bid = false;
    if (now.handOver !== null && leads(node, world)) {
      yield* handOver(node, now.handOver, world);
      return "ended";
    }
    now.handOver = null;
    const order = now.mail.shift();
    if (now.asked) {
      now.asked = false;
      yield* promoteHere(node, { asked: true }, world);
    } else if (order) yield* takeOver(node, order, world);
    else {
      const end = yield* lookOnce(node, world);
      if (end !== "goes-on") return end;
    }
  }
}

const leads = (node: SimNode, world: DataWorld) => node.now!.server === "primary" && licenseOf(node, world) === "held";

function* lookOnce(node: SimNode, world: DataWorld): Generator<void, "goes-on" | "ended" | "lead-again"> {
  const now = node.now!;
  const seen = look(node, world);
  world.promises.noteSight(node, seen);
  if (mayGetFirstLease(node, seen, world)) world.lease.acquire(node);
  const forceEnds = endForce(node, seen, world);
  if (forceEnds !== null) return forceEnds;
  remember(node, seen, world);
  if (!now.checked && leads(node, world)) world.promises.begins(node);
  yield;
  if (!runs(node)) return "goes-on";
  now.streamed ||= now.streaming;
  const passedMs = 1 + world.random.below(longestPauseMs);
  now.notStreamingMs = now.streaming || now.server === "primary" ? 0 : now.notStreamingMs + passedMs;
  now.noPrimaryMs = seen.primary === null ? now.noPrimaryMs + passedMs : 0;
  if (now.server === "standby") keepSync(node, world);
  if ((yield* keepRole(node, seen, world)) === "ended") return "ended";
  yield;
  if (runs(node)) keepSync(node, world);
  return "goes-on";
}

const runs = (node: SimNode) => node.now!.server !== "none";

function remember(node: SimNode, seen: Surroundings, world: DataWorld): void {
  const { settings, disk } = node;
  const role = node.now!.server;
  const { everHadMajority, granted, followed, paused, force } = decideMemory({
    otherPartners: settings.otherPartners,
    configuredUpstream: settings.upstream,
    peers: seen.peers,
    primary: seen.primary,
    nodeId: settings.nodeId,
    systemIdentifier: "1",
    role,
    leaseInForce: true,
    streaming: node.now!.streaming,
    upstream: disk.upstream,
    held: world.lease.heldBy(node),
    lawful: licenseOf(node, world) !== "missing",
    hosts: [],
    timeline: disk.wal!.branch.timeline,
    // the first majority of a cluster is not simulated
    strict: false,
    waitsFor: null,
    syncSince: null,
    before: disk.memory,
  });
  const before = disk.memory.force;
  const kept = outranks(world) || force === null
    ? force
    : { ...force, above: Math.max(force.above, before?.above ?? 0) };
  disk.memory = { ...disk.memory, everHadMajority, granted, followed, paused, force: kept };
}

function* keepRole(node: SimNode, seen: Surroundings, world: DataWorld): Generator<void, "goes-on" | "ended"> {
  const now = node.now!;
  const plan = runningOf(node, seen, world);
  switch (plan.do) {
    case "nothing":
      return "goes-on";
    case "follow":
      Object.assign(node.disk, { upstream: plan.upstream });
      Object.assign(now, { streaming: false, notStreamingMs: 0 });
      return "goes-on";
    case "promote":
      yield* promoteHere(node, {}, world);
      return "goes-on";
    case "rejoin":
      if (plan.clone || (now.rejoining && !now.streamed)) now.cloneBecause = plan.because;
      now.rejoining = true;
      return "ended";
    default:
      endServer(node, world);
      return "ended";
  }
}

/** What commits wait for. A standby keeps the value that it needs as a primary. */
export function keepSync(node: SimNode, world: DataWorld): void {
  const { disk, settings } = node;
  const role = node.now?.server === "primary" ? "primary" : "standby";
  if (role === "standby" && !world.rules.syncFirst) return void (disk.sync = { count: 0, names: [] });
  const others = settings.otherPartners.map((host) => ({ host, name: host }));
  const { everHadMajority } = disk.memory;
  const view = { mode: settings.mode, barman: false, role, joined: everHadMajority, nodes: others.length + 1 } as const;
  const { names } = decideSync({ ...view, others, streaming: [] });
  const [, count = "0", list = ""] = /^ANY (\d+) \((.*)\)$/.exec(names) ?? [];
  disk.sync = { count: Number(count), names: list === "" ? [] : list.split(", ").map((n) => n.slice(1, -1)) };
}

/** The successor to which this primary would hand over now; null if there is none. */
export function successorOf(node: SimNode, world: DataWorld): string | null {
  const { host, otherPartners } = node.settings;
  const { peers } = look(node, world);
  const self = { host, uptimeSeconds: 60 };
  const view = { self, systemIdentifier: "1", otherPartners, peers, wanted: null };
  const succession = decideSuccessor({ ...view, position: positionOf(node.disk.wal!) });
  return "to" in succession ? succession.to : null;
}

/** A fast shutdown waits until connected standbys have the last record. Then the lease is released, and the successor asked. */
function* handOver(node: SimNode, to: string, world: DataWorld): Generator<void, void> {
  const { disk, settings: { host } } = node;
  const now = node.now!;
  now.handOver = null;
  const { run } = now;
  yield;
  if (now.server !== "primary" || now.run !== run) return;
  const afterEnd = disk.wal!.end;
  disk.wal = write(disk.wal!);
  for (const s of world.nodes) {
    const streams = s.now?.streaming && s.disk.upstream === host && world.reaches(host, s.settings.host);
    if (streams && !world.strikes(0.1)) s.disk.wal = disk.wal;
  }
  endServer(node, world);
  yield;
  const epoch = world.lease.epochOf(node) ?? disk.wal!.branch.timeline;
  if (!world.lease.heldBy(node)) return;
  world.lease.end(node);
  yield;
  world.post(to, { epoch, afterEnd });
}

/** The order may come late: after a later leadership it does not mean that nothing is missing here. */
function* takeOver(node: SimNode, order: TakeOver, world: DataWorld): Generator<void, void> {
  const now = node.now!;
  for (let i = 0; i < takeOverLooks && node.disk.wal!.end <= order.afterEnd; i++) yield;
  if (now.server !== "standby" || node.disk.wal!.end <= order.afterEnd) return;
  const provenUpTo = world.rules.boundOrders ? order.epoch : Infinity;
  yield* promoteHere(node, { asked: true, provenUpTo }, world);
}
