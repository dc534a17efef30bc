// What a node does at each look at its running server, in this order: each duty decides by what was just seen, and acts.
import { notPromoted } from "../../core/protocol/trouble.ts";
import { Consistency } from "./act/consistency.ts";
import { fenceHere } from "./act/end-server.ts";
import { FailoverSlots } from "./act/failover-slots.ts";
import { FirstCheckpoint } from "./act/first-checkpoint.ts";
import { follow, WayToUpstream } from "./act/follow.ts";
import { endForce, FirstLease } from "./act/force.ts";
import { OldData } from "./act/old-data.ts";
import { promoteHere } from "./act/promote.ts";
import { Registration } from "./act/registration.ts";
import { remember } from "./act/remember.ts";
import { RoleLabel } from "./act/role-label.ts";
import { RepmgrdPause } from "./act/repmgrd-pause.ts";
import { RoleChange } from "./act/role-change.ts";
import { heirWithRoom, Reserve } from "./act/room.ts";
import { Roles } from "./act/roles.ts";
import { Settings } from "./act/settings.ts";
import { Slots } from "./act/slots.ts";
import { WholeData } from "./act/whole-data.ts";
import { decideRunning, type RunningPlan } from "./decide/running.ts";
import type { RunningView, Surroundings } from "./decide/view.ts";
import { licenseOf, type Node, ownOf, say } from "./node.ts";
import { observeOrigin } from "./observe/server.ts";
import { viewOf } from "./observe/surroundings.ts";
import { type Duty, retried, upkeep } from "./duty.ts";
import type { ServerEnd, ServerRun } from "./run.ts";
import { immediateStop } from "./tools/postmaster.ts";

/** A WAL receiver counts as streaming once PostgreSQL has reported no trouble for this long, milliseconds. */
const steadyMs = 2_000;

/** The duties of one run of the server; what one of them remembers ends with the run. */
export function dutiesOf(run: ServerRun, node: Node): readonly Duty[] {
  const firstLease = new FirstLease(node);
  const roleChange = new RoleChange(node);
  const slots = new Slots(node);
  const reserve = new Reserve(node);
  const consistency = new Consistency(node);
  const roleLabel = new RoleLabel(node);
  const steps: Duty[] = [
    {
      name: "first lease",
      orderBecause: "before memory: the primary counts its first majority once it holds the lease",
      ifItFails: "end",
      do: (seen) => firstLease.get(seen),
    },
    {
      name: "end of force",
      orderBecause: "before memory and role: from here on a majority counts again",
      ifItFails: "end",
      do: (seen) => endForce(seen, node),
    },
    {
      name: "memory",
      orderBecause: "before the role: whether a lease is needed follows from it",
      ifItFails: "end",
      do: (seen) => remember(seen, node),
    },
    {
      name: "role change",
      orderBecause: "before the role: the lock files say what this server was when it ends",
      ifItFails: "retry",
      do: (seen) => roleChange.note(seen),
    },
    {
      name: "role",
      orderBecause: "before upkeep: a server that has to end needs no upkeep",
      ifItFails: "end",
      do: (seen) => keepRole(seen, run, node),
    },
    {
      name: "labels of pods",
      orderBecause: "before upkeep that takes a while: clients wait for the label of a new primary",
      ifItFails: "retry",
      do: (seen) => roleLabel.keep(seen),
    },
    {
      name: "room",
      orderBecause: "before what writes",
      ifItFails: "retry",
      do: (seen) => keepRoom(seen, reserve, node),
    },
    upkeep("whole data", new WholeData(node)),
    { name: "consistency", orderBecause: null, ifItFails: "end", do: (seen) => consistency.keep(seen) },
    upkeep("registration", new Registration(node)),
    upkeep("first checkpoint", new FirstCheckpoint(node)),
    upkeep("old data", new OldData(node)),
    upkeep("failover slots", new FailoverSlots(node)),
    upkeep("repmgrd's pause", new RepmgrdPause(node)),
    upkeep("way to the upstream", new WayToUpstream(node)),
    { name: "slots", orderBecause: null, ifItFails: "retry", do: (seen) => slots.dropUnneeded(seen) },
    upkeep("roles", new Roles(node)),
    upkeep("settings", new Settings(node)),
  ];
  return steps.map((step) => step.ifItFails === "retry" ? retried(step, node) : step);
}

async function keepRoom(surroundings: Surroundings, reserve: Reserve, node: Node): Promise<ServerEnd | null> {
  reserve.keep();
  const heir = await heirWithRoom(surroundings, node);
  return heir && { why: "handed-over", heir };
}

async function keepRole(surroundings: Surroundings, run: ServerRun, node: Node): Promise<ServerEnd | null> {
  const view = await runningView(surroundings, run, node);
  return view && await applyRunning(decideRunning(view), run, node);
}

async function runningView(surroundings: Surroundings, run: ServerRun, node: Node): Promise<RunningView | null> {
  const { clock, seen } = node;
  const origin = await observeOrigin(node);
  const own = ownOf(node);
  if (own.role !== "primary" && own.role !== "standby") return null;
  if (own.systemIdentifier === null || own.timeline === null) return null;
  const streaming = own.upstream?.streaming ?? false;
  // a WAL receiver that keeps starting and ending is seen streaming now and then, but makes no progress
  const steady = streaming && clock.nowMs() - (seen.now.trouble?.atMs ?? -Infinity) >= steadyMs;
  // replay that PostgreSQL has paused does not go on because WAL still arrives
  if (steady && !own.replayPaused) seen.streamingTrouble(null);
  if (streaming) node.reinit.streams();
  return {
    ...viewOf(node, surroundings),
    sawPrimary: seen.now.sawPrimary,
    holder: holderSeen(node),
    license: licenseOf(node),
    role: own.role,
    systemIdentifier: own.systemIdentifier,
    position: { timeline: own.timeline, lsn: own.lsn ?? "0/0" },
    origin,
    upstream: own.upstream?.host ?? null,
    streaming,
    notStreamingMs: run.notStreamingMs(own.role === "primary" || steady, clock.nowMs()),
    noPrimaryMs: run.noPrimaryMs(surroundings.primary !== null, clock.nowMs()),
    hidingFile: own.role === "standby" && surroundings.primary === null ? await node.doors.data.hidingFile() : null,
    // PostgreSQL pauses the replay then
    trouble: seen.now.trouble?.what === "settings-too-low" && !own.replayPaused ? null : seen.now.trouble?.what ?? null,
  };
}

function holderSeen({ config, voter }: Node): RunningView["holder"] {
  const grant = voter.granted();
  if (grant === null || grant.host === config.host) return "none";
  return grant.forMs <= config.leaseTtlMs - 2 * config.leaseRenewMs ? "quiet" : "renews";
}

async function applyRunning(plan: RunningPlan, run: ServerRun, node: Node): Promise<ServerEnd | null> {
  switch (plan.do) {
    case "nothing":
      run.retryMs = plan.againMs ?? null;
      if (plan.because) say(node, "running", "serving as standby", notPromoted + plan.because);
      return null;
    case "demote":
      say(node, "stopping", "stopping a false primary", plan.because);
      await run.process.stop(immediateStop);
      return { why: "demoted" };
    case "fence":
      return await fenceHere(plan.because, node);
    case "rejoin":
      say(node, "stopping", plan.clone ? "stopping to be cloned" : "stopping to be rewound", plan.because);
      return { why: "rejoin", clone: plan.clone, streamed: run.streamed, because: plan.because };
    case "follow":
      if (await follow(plan.upstream, plan.because, node)) run.upstreamChanged();
      return null;
    case "start-again":
      if (node.candidacy.current !== null) return null; // a promotion is under way already
      say(node, "stopping", "stopping to start again", plan.because);
      return { why: "start-again", because: plan.because };
    case "promote":
      if (node.candidacy.current !== null) return null; // repmgrd or an operator has asked already
      run.retryMs = await promoteHere(plan.because, node);
      return null;
  }
}
