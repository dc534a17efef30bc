// Makes this standby the primary: permission first, then PostgreSQL. If it fails, everything is undone.
import { errorText } from "../../../core/words/errors.ts";
import { hasRoom } from "../../../core/postgres/room.ts";
import { no, type Verdict } from "../../../core/words/verdict.ts";
import type { MayPromote } from "../decide/promotion.ts";
import type { LeadCause } from "../http/event-metrics.ts";
import { announce, licenseOf, type Node, say } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import type { Bid } from "../state/candidacy.ts";
import { putInForce } from "./consistency.ts";
import { endServer } from "./end-server.ts";
import { reserveEpoch, wrongTimeline } from "./leadership.ts";
import { askToPromote, giveBack } from "./permission.ts";

/** How long a promotion is watched for its outcome, milliseconds. */
const outcomeMs = 45_000;

/**
 * Promotes this node for the agent itself; repmgr's record is corrected at the next look.
 * Returns after how many milliseconds to try again, or null.
 */
export async function promoteHere(
  because: string,
  node: Node,
  { cause = "failover", ...how }: Partial<MayPromote> & { cause?: LeadCause } = {},
): Promise<number | null> {
  const started = node.clock.nowMs();
  say(node, "promoting", "asking whether this standby may be promoted", because);
  const permission = await askToPromote(node, { tieBreak: false, ...how });
  if (!permission.ok) {
    say(node, "running", "serving as standby", `this standby was not promoted: ${permission.because}`);
    return node.lease.retryMs;
  }
  await promoteAllowed({ because, cause, started, bid: permission.bid }, node);
  return null;
}

/**
 * Answers repmgrd, which has elected this node. If a lease is needed, the agent promotes at once and repmgrd has nothing to do:
 * `repmgr standby promote` first looks for every other node, which takes seconds if some are gone.
 */
export async function promoteForRepmgrd(node: Node): Promise<Verdict> {
  const started = node.clock.nowMs();
  const permission = await askToPromote(node, { tieBreak: false });
  if (!permission.ok || licenseOf(node) === "not-needed") return { ok: permission.ok, because: permission.because };
  const because = `repmgrd elected this node: ${permission.because}`;
  promoteAllowed({ because, cause: "failover", started, bid: permission.bid }, node)
    .catch((error) => node.log.error("The promotion failed", { because: errorText(error) }));
  return no("the agent promotes this node itself");
}

/** Why this node is to lead. */
export interface LeadReason {
  because: string;
  cause: LeadCause;
  /** when it was requested, the clock's milliseconds */
  started: number;
}

async function promoteAllowed({ bid, ...reason }: LeadReason & { bid: Bid }, node: Node): Promise<void> {
  bid.keep();
  node.events.step.observe("permission", (node.clock.nowMs() - reason.started) / 1000);
  try {
    if (await lead(reason, node) === "over") await giveBack("the server ended during its promotion", node);
  } finally {
    bid.end();
  }
}

/**
 * Makes the running standby the primary, under an epoch of its own if it has the lease. Unless it succeeds or is over, the lease
 * has been given back.
 */
export async function lead({ because, cause, started }: LeadReason, node: Node): Promise<Outcome> {
  say(node, "promoting", "promoting this standby", because);
  const outcome = await underEpoch(node);
  if (outcome !== "primary") return outcome;
  announce(node);
  const tookMs = Math.round(node.clock.nowMs() - started);
  node.events.promotion.observe(tookMs / 1000);
  node.events.led.inc(cause);
  node.history.note("Promoted", {
    because,
    term: node.lease.term(),
    epoch: node.lease.epoch(),
    timeline: node.seen.now.server?.timeline,
    tookMs,
  });
  say(node, "running", "serving as primary", because);
  endSegment(node);
  return outcome;
}

/**
 * Every timeline has a file of its own for the segment in which it begins, and old ones go only once WAL has moved on. So each
 * leadership moves it on: leaderships that write little would fill the volume, one file of 16 MB after the other.
 */
function endSegment({ doors, log, seen }: Node): void {
  if (!hasRoom(seen.now.disk?.freeBytes ?? null)) return; // the next segment takes 16 MB at once
  doors.server.switchWal().catch((error) =>
    log.info("The first WAL segment of this leadership is not ended early", { why: errorText(error) })
  );
}

async function underEpoch(node: Node): Promise<Outcome> {
  const { run } = node.seen.now;
  const began = node.clock.nowMs();
  let epoch: number | null;
  try {
    await putInForce(node);
    epoch = await reserveEpoch(node);
  } catch (error) {
    // with an epoch, a promotion that somebody else has begun may be allowed to end
    if (node.lease.epoch() === null) return await refuse(errorText(error), node);
    await takeBack(errorText(error), node);
    return "failed";
  }
  if (node.seen.now.run !== run || !node.seen.now.postmasterRuns) return "over";
  const asked = node.clock.nowMs();
  const outcome = await becomesPrimary(node);
  if (outcome === "primary") {
    node.events.step.observe("epoch", (asked - began) / 1000);
    node.events.step.observe("promotion", (node.clock.nowMs() - asked) / 1000);
  }
  const wrong = outcome === "primary" ? wrongTimeline(epoch, node) : null;
  if (outcome !== "failed" && wrong === null) return outcome;
  await takeBack(wrong ?? "the promotion did not finish", node);
  return "failed";
}

/**
 * "refused": PostgreSQL was not asked, and is a standby as before; "failed": it was asked, and has been ended; "over": the server
 * that was asked has ended, and whatever runs now was not asked.
 */
export type Outcome = "primary" | "refused" | "failed" | "over";

/** Asks PostgreSQL to become read-write. A missing answer proves nothing: the server is watched until its role is seen. */
async function becomesPrimary(node: Node): Promise<Outcome> {
  const { clock, doors, log, seen } = node;
  const { run } = seen.now;
  try {
    await doors.server.promote();
  } catch (error) {
    log.warn("PostgreSQL did not confirm the promotion", { error });
  }
  const end = clock.nowMs() + outcomeMs;
  while (seen.now.run === run && seen.now.postmasterRuns) {
    if (node.stop.aborted || licenseOf(node) === "missing" || doors.server.processes() === 0) return "failed";
    await observeServer(node).catch((error) =>
      log.info("The server does not answer yet after its promotion", { why: errorText(error) })
    );
    if (seen.now.run === run && seen.role() === "primary") return "primary";
    if (clock.nowMs() >= end) return "failed";
    await clock.sleep(250, node.stop);
  }
  return "over";
}

/** No epoch: nothing was asked of PostgreSQL, which no majority lets leave recovery. Another node may have the lease. */
async function refuse(because: string, node: Node): Promise<"refused"> {
  node.log.error("Not promoted", { because });
  say(node, "running", "serving as standby", because);
  node.lease.disarm();
  await node.lease.release(because);
  return "refused";
}

/** The requested promotion may still happen: the server is ended first, and only then may another node have the lease. */
async function takeBack(because: string, node: Node): Promise<void> {
  node.log.error("The promotion failed", { because });
  if (licenseOf(node) !== "not-needed") await endServer(node);
  say(node, "waiting", "starting again as a standby", because);
  await node.lease.release(because);
}
