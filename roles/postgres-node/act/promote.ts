// Makes this standby the primary: permission first, then PostgreSQL; where it does not succeed, everything is taken back.
import { errorText } from "../../../core/words/errors.ts";
import { no, type Verdict } from "../../../core/words/verdict.ts";
import type { MayPromote } from "../decide/promotion.ts";
import { announce, licenseOf, type Node, say } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import type { Bid } from "../state/candidacy.ts";
import { askToPromote } from "./permission.ts";

/** How long a promotion that was not confirmed is looked at, milliseconds. */
const outcomeMs = 45_000;

/**
 * The agent's own promotion; repmgr's record follows with the next look.
 * After how many milliseconds to try again, or null.
 */
export async function promoteHere(because: string, node: Node, how: Partial<MayPromote> = {}): Promise<number | null> {
  const started = node.clock.nowMs();
  say(node, "promoting", "asking whether this standby may be promoted", because);
  const permission = await askToPromote(node, { tieBreak: false, ...how });
  if (!permission.ok) {
    say(node, "running", "serving as standby", `this standby was not promoted: ${permission.because}`);
    return node.lease.retryMs;
  }
  await promoteAllowed({ because, started, bid: permission.bid }, node);
  return null;
}

/**
 * repmgrd has elected this node and asks. Where there is a lease the agent promotes at once, and repmgrd has nothing to do:
 * `repmgr standby promote` first looks for every other node, which takes seconds where some are gone.
 */
export async function promoteForRepmgrd(node: Node): Promise<Verdict> {
  const started = node.clock.nowMs();
  const permission = await askToPromote(node, { tieBreak: false });
  if (!permission.ok || licenseOf(node) === "not-needed") return { ok: permission.ok, because: permission.because };
  const because = `repmgrd elected this node: ${permission.because}`;
  promoteAllowed({ because, started, bid: permission.bid }, node)
    .catch((error) => node.log.error("The promotion failed", { because: errorText(error) }));
  return no("the agent promotes this node itself");
}

interface Allowed {
  because: string;
  /** when it was asked for, the clock's milliseconds */
  started: number;
  bid: Bid;
}

async function promoteAllowed({ because, started, bid }: Allowed, node: Node): Promise<void> {
  say(node, "promoting", "promoting this standby", because);
  bid.keep();
  const promoted = await becomesPrimary(node);
  if (!promoted) await takeBack(node);
  bid.end();
  if (!promoted) return;
  announce(node);
  node.history.note("Promoted", {
    because,
    term: node.lease.term(),
    timeline: node.seen.now.server?.timeline,
    tookMs: Math.round(node.clock.nowMs() - started),
  });
  say(node, "running", "serving as primary", because);
}

/** Asks PostgreSQL to become read-write. Where it does not confirm, that says nothing: it is looked at until its role is seen. */
async function becomesPrimary(node: Node): Promise<boolean> {
  const { clock, doors, log } = node;
  try {
    await doors.server.promote();
  } catch (error) {
    log.warn("PostgreSQL did not confirm the promotion", { error });
  }
  const end = clock.nowMs() + outcomeMs;
  while (!node.stop.aborted && licenseOf(node) !== "missing" && doors.server.processes() > 0) {
    await observeServer(node).catch((error) =>
      log.info("The server does not answer yet after its promotion", { why: errorText(error) })
    );
    if (node.seen.role() === "primary") return true;
    if (clock.nowMs() >= end) return false;
    await clock.sleep(250, node.stop);
  }
  return false;
}

/** A promotion that was asked for may still happen: the server ends first, and only then may another node have the lease. */
async function takeBack(node: Node): Promise<void> {
  const because = "the promotion did not finish";
  node.log.error("The promotion failed", { because });
  if (licenseOf(node) !== "not-needed" && !(await node.doors.server.end())) return;
  say(node, "waiting", "starting again as a standby", because);
  await node.lease.release(because);
}
