// May this node become primary now? Asked by the agent, by repmgrd before it promotes, and by PostgreSQL itself at the end of
// recovery (recovery_end_command). Every way to read-write goes through this file.
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { hidingText } from "../decide/hidden-wal.ts";
import { decideMayPromote, type MayPromote } from "../decide/promotion.ts";
import type { Attempt } from "../lease/lease.ts";
import { armIfNeeded, licenseOf, type Node, ownOf } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import { finalLook, observeSurroundings, viewOf } from "../observe/surroundings.ts";
import type { Bid } from "../state/candidacy.ts";

/** A bid that was allowed ends after this long unless it is kept, milliseconds. */
const bidMs = 15_000;
/** A lease that is free within this time is waited for, milliseconds. */
const insistMs = 2_500;

/** If it is allowed, with the bid that was begun for it, which expires unless it is kept. */
export type Permission = { ok: true; because: string; bid: Bid } | { ok: false; because: string };

const refused = (because: string): Permission => ({ ok: false, because });

/**
 * Acquires the lease if it is needed, then looks again. Only what is seen while the lease is held is final, since the former
 * primary can then acknowledge no more commits. Releases the lease if another node is to lead.
 */
export async function askToPromote(node: Node, options: MayPromote): Promise<Permission> {
  const { lease } = node;
  if (node.seen.role() !== "standby") return refused("this node is not a standby");
  if (node.memory.now.paused.on && !options.asked) return refused("automatic failover is paused");
  // repmgrd and the agent may ask at the same time: what one was allowed, the other must not take back
  const bid = node.candidacy.begin("a promotion");
  if (bid === null) return refused("a promotion or a start as primary is already under way on this node");
  const verdict = await licensed(node, options)
    .catch((error) => no(`this node could not look at the cluster: ${error}`));
  const allowed = verdict.ok && !bid.ended;
  const because = bid.ended ? "the server that was to be promoted has ended" : verdict.because;
  node.log.info("Promotion requested", { allowed, because, term: lease.term() });
  if (!allowed) {
    bid.end();
    await giveBack("this node may not be promoted", node);
    return refused(because);
  }
  armIfNeeded(node);
  bid.expireAfter(bidMs);
  return { ok: true, because, bid };
}

/** Releases the lease that was acquired for a promotion, unless a start as primary or a running primary needs it by now. */
export async function giveBack(because: string, node: Node): Promise<void> {
  if (node.candidacy.current !== null || node.seen.role() === "primary") return;
  await node.lease.release(because);
}

async function licensed(node: Node, options: MayPromote): Promise<Verdict> {
  if (licenseOf(node) !== "not-needed") {
    const attempt = await insist(node);
    if (!attempt.held) return no(`this node did not get the lease: ${attempt.because}`);
  }
  return await mayPromote(node, options);
}

/** Tries until the lease of a lost primary has run out at the voters, if that is soon. */
async function insist(node: Node): Promise<Attempt> {
  const end = node.clock.nowMs() + insistMs;
  while (true) {
    const attempt = await node.lease.acquire();
    if (attempt.held || node.stop.aborted || node.clock.nowMs() + attempt.retryMs >= end) return attempt;
    await node.clock.sleep(attempt.retryMs, node.stop);
  }
}

async function mayPromote(node: Node, options: MayPromote): Promise<Verdict> {
  const hiding = await node.doors.data.hidingFile();
  if (hiding !== null) return no(hidingText(hiding));
  const server = await observeServer(node);
  const surroundings = await observeSurroundings(node, finalLook);
  return decideMayPromote({
    ...viewOf(node, surroundings),
    sawPrimary: node.seen.now.sawPrimary,
    role: server.standby ? "standby" : "primary",
    systemIdentifier: server.systemIdentifier,
    position: { timeline: server.timeline, lsn: ownOf(node).lsn ?? "0/0" },
  }, { ...options, final: true });
}

/** Whether PostgreSQL may leave recovery now: whatever promoted it, only with the lease, and on the timeline of its epoch. */
export async function mayEndRecovery(node: Node): Promise<Verdict> {
  const license = licenseOf(node);
  if (license === "not-needed") return yes("no lease is needed");
  if (license === "missing") return no("this node does not hold the lease");
  const epoch = node.lease.epoch();
  if (epoch === null) return no("no majority of the voters has granted an epoch for this promotion");
  // a promotion by hand may have begun before the agent reserved this epoch; its history file is there by now
  const timeline = await node.doors.data.newestTimeline();
  if (timeline !== epoch) return no(`PostgreSQL has begun timeline ${timeline}, but epoch ${epoch} is reserved`);
  if (licenseOf(node) !== "held") return no("this node has lost the lease");
  node.lease.arm();
  return yes(`this node holds the lease of term ${node.lease.term()}, and epoch ${epoch} is reserved`);
}
