// A node: what it was given at its start, what it remembers, what it has seen, what it does, and what it was ordered to do.
// Each part has one writer; the files of observe/, act/ and http/ work on it.
import type { NodeConfig } from "../../config/postgres-node.ts";
import type { ControlClient } from "../../core/client/control-client.ts";
import type { Voter } from "../../core/lease/voter.ts";
import type { NodeStatus, Phase } from "../../core/protocol/status.ts";
import type { Log } from "../../core/runtime/log.ts";
import type { Clock } from "../../core/runtime/time.ts";
import { cutOff } from "./decide/lag.ts";
import { decideLicense } from "./decide/license.ts";
import { type EpochsView, isOverruled } from "./decide/overruled.ts";
import { type OwnNode, ownNode } from "./decide/own.ts";
import type { CutOff, License } from "./decide/view.ts";
import type { Doors } from "./doors.ts";
import type { Repmgrd } from "./act/repmgrd.ts";
import type { Secrets } from "../../core/runtime/secrets.ts";
import type { NodeEvents } from "./http/event-metrics.ts";
import type { Lease } from "./lease/lease.ts";
import type { Activity } from "./state/activity.ts";
import type { Candidacy } from "./state/candidacy.ts";
import type { Condition } from "./state/condition.ts";
import type { History } from "./state/history.ts";
import type { NodeMemory } from "./state/memory.ts";
import type { Observed } from "./state/observed.ts";
import type { Orders } from "./state/orders.ts";
import type { Reinit } from "./state/reinit.ts";
import type { Restoring } from "./state/restoring.ts";
import { standbyTrouble, unhealthyNow } from "./observe/trouble.ts";
import { renderStatus } from "./text/status.ts";

export interface Node {
  // given at the start
  readonly config: NodeConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** aborts when the container is to stop; its reason is the signal's name */
  readonly stop: AbortSignal;
  readonly startedMs: number;
  readonly doors: Doors;
  readonly client: Pick<ControlClient, "ask">;
  readonly voter: Pick<Voter, "granted">;
  readonly lease: NodeLease;
  readonly repmgrd: Pick<Repmgrd, "start" | "stop" | "running" | "held">;
  readonly history: Pick<History, "note" | "warn" | "all">;
  /** ends the role at once with this error, without giving the lease up */
  readonly fail: (error: Error) => void;
  /** passwords and keys, which may change */
  readonly secrets: Secrets;
  /** what is counted and measured where it happens */
  readonly events: NodeEvents;
  // changes while the agent runs; each part has one writer
  readonly memory: NodeMemory;
  readonly seen: Observed;
  readonly condition: Condition;
  readonly activity: Activity;
  readonly candidacy: Candidacy;
  readonly orders: Orders;
  readonly restoring: Restoring;
  readonly reinit: Reinit;
}

/** What a node does with its lease. */
export type NodeLease = Pick<
  Lease,
  | "mode"
  | "held"
  | "remainingMs"
  | "term"
  | "epoch"
  | "reserveEpoch"
  | "adoptEpoch"
  | "leaderships"
  | "refusalTexts"
  | "retryMs"
  | "acquire"
  | "release"
  | "arm"
  | "disarm"
  | "force"
  | "unforce"
  | "alone"
  | "standDown"
>;

/** Reports what the agent does now and why: in /status and, if it changed, in the log. */
export function say(node: Node, phase: Phase, doing: string, because: string): void {
  if (node.activity.set(phase, doing, because)) announce(node);
}

/** If the role, phase, lease or first majority of this node has changed, answers the containers that wait for that. */
export function announce({ activity, lease, memory, seen }: Node): void {
  const { everHadMajority } = memory.now;
  activity.changedTo(
    `${activity.phase} ${seen.role()} ${seen.now.server?.timeline} ${lease.held()} ${everHadMajority}`,
  );
}

/** What this node knows about itself. */
export function ownOf({ seen }: Node): OwnNode {
  return ownNode({ role: seen.role(), ...seen.now });
}

/**
 * What it reports of that. Until the data of a restore lead, they say nothing of what this node has had, and this node proves
 * nothing: it has its former WAL beside them, or has none.
 */
function reportedOf(node: Node): OwnNode {
  const own = ownOf(node);
  return node.memory.now.restore === null || own.role === "primary" ? own : { ...own, timeline: null, lsn: null };
}

/** Whether the voters have told this node that its data counts for nothing. */
function dataOverruled(node: Node): boolean {
  const { own, ...epochs } = epochsOf(node);
  const forced = own.forced && node.seen.role() === "primary";
  return isOverruled({ ...epochs, own: { ...own, forced }, peers: [] });
}

/** What this node itself has and knows of epochs. */
export function epochsOf(node: Node): Omit<EpochsView, "peers"> {
  const { systemIdentifier, timeline } = ownOf(node);
  const { config, lease } = node;
  const { force, forced } = node.memory.now;
  return {
    own: { systemIdentifier, timeline, force, forced },
    leaderships: lease.leaderships(),
    otherPartners: config.otherPartners,
    strict: config.consistency === "strict",
  };
}

/** What this standby is known to lack, if that is too much for an automatic promotion. */
export function cutOffOf(node: Node): CutOff | null {
  const { timeline, lsn } = ownOf(node);
  const { primaryEnd: end, lastStreamMs } = node.seen.now;
  const allowedMs = node.config.oldestDataSeconds * 1000;
  return timeline === null || lsn === null ? null : cutOff({ timeline, lsn }, { end, lastStreamMs, allowedMs });
}

/** Whether this node may be read-write now. */
export function licenseOf({ config, memory, lease, seen }: Node): License {
  return decideLicense({
    role: seen.role(),
    everHadMajority: memory.now.everHadMajority,
    secondLevel: config.electorate.length === 0 && config.upstreamHost !== null,
    leaseInForce: lease.mode.on,
    held: lease.held(),
  }).license;
}

/** A primary with the lease, also one that serves and is not seen any more: it has a role to hand over. */
export function leads(node: Node): boolean {
  const role = node.seen.role();
  const unseen = role === "unknown" && node.activity.phase === "running" && node.candidacy.current === null;
  return (role === "primary" || unseen) && licenseOf(node) === "held";
}

/** If this node needs a lease, a server that is read-write, or about to be, ends with the lease from now on. */
export function armIfNeeded(node: Node): void {
  if (licenseOf(node) !== "not-needed") node.lease.arm();
}

/** The answer to GET /status at this moment. */
export function statusOf(node: Node): NodeStatus {
  const { activity, condition, config, lease, memory, seen, voter } = node;
  const { degraded, facts, fenced, roles, settings, tls } = condition;
  const nowMs = node.clock.nowMs();
  return renderStatus({
    config,
    activity,
    own: reportedOf(node),
    uptimeMs: nowMs - node.startedMs,
    observedAgoMs: seen.now.server === null ? 0 : nowMs - seen.now.server.atMs,
    memory: memory.now,
    overruled: dataOverruled(node),
    secrets: node.secrets.troubles(),
    condition: {
      failingMs: Math.max(condition.failingMs(nowMs), seen.silentMs(nowMs)),
      trouble: condition.trouble ?? standbyTrouble(node),
      unhealthy: unhealthyNow(node)?.because ?? null,
      ...{ degraded, facts, fenced, roles, settings, tls },
    },
    disk: seen.now.disk && { freeBytes: seen.now.disk.freeBytes, totalBytes: seen.now.disk.totalBytes },
    // a node that only asks for the lease keeps no other from asking: it may never get it
    restoring: node.restoring.now,
    kept: node.restoring.kept,
    reinit: node.reinit.now,
    becomingPrimary: node.candidacy.current !== null && licenseOf(node) !== "missing",
    repmgrd: { running: node.repmgrd.running(), because: node.repmgrd.held() },
    lease: {
      mode: lease.mode,
      remainingMs: lease.remainingMs(),
      term: lease.term(),
      grantedTo: voter.granted()?.host ?? null,
      refusals: lease.refusalTexts(),
    },
  });
}
