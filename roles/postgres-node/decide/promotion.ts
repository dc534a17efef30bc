// PURE: may this standby become primary now?
import { secondsText, sizeText } from "../../../core/words/amounts.ts";
import { ofCluster } from "../../../core/lease/decide/epoch.ts";
import { comparePosition, type WalPosition } from "../../../core/postgres/lsn.ts";
import { missingProof } from "./proof.ts";
import { overruledText } from "./overruled.ts";
import { withoutStuck } from "./stuck.ts";
import { besideMajority } from "./two-clusters.ts";
import { counting, countMajority, electable, located, withoutData } from "./counting.ts";
import { whyUnread } from "./unread.ts";
import { reached, type RunningView } from "./view.ts";

/** What the decision about a promotion needs. */
export type PromotionView = Omit<
  RunningView,
  | "streaming"
  | "notStreamingMs"
  | "noPrimaryMs"
  | "trouble"
  | "hidingFile"
  | "upstream"
  | "holder"
  | "license"
  | "origin"
>;

export interface MayPromote {
  /** of several equally advanced standbys, only one may */
  tieBreak: boolean;
  /** an operator or the primary itself asks for this node */
  asked?: boolean;
  /** this node has every commit of this leadership and of those before: its primary has handed over to it */
  provenUpTo?: number;
  /** the view was taken while this node held the lease */
  final?: boolean;
}

/** `catchUp`: a node that may not lead has what this one lacks, and this one may lead once it has it from there. */
export type Permitted = { ok: boolean; because: string; catchUp?: string };

/**
 * Whether this standby may become primary now. repmgrd asks before it promotes, and the agent asks for itself.
 * With `tieBreak`, only one of several equally advanced standbys may; repmgrd's election has already broken the tie.
 */
export function decideMayPromote(
  all: PromotionView,
  options: MayPromote,
): Permitted {
  const view = withoutStuck(all, all.position);
  const refuse = (because: string) => ({ ok: false, because });
  if (view.role === "primary") return refuse("this node is already the primary");
  if (view.overruled) return refuse(overruledText);
  if (view.paused && !options.asked) {
    return refuse("automatic failover is paused; `postdock cluster resume` ends the pause");
  }
  if (view.self.priority === 0 && !options.asked) return refuse("NODE_PRIORITY is 0");
  if (view.otherPartners.length === 0 && view.configuredUpstream !== null && view.peers.length > 0) {
    const partnered = reached(view).some((p) => p.everHadMajority);
    if (partnered) return refuse("this node is of the second level: the nodes of the first level decide");
  }
  const beside = besideMajority(view, view.systemIdentifier);
  if (beside) return refuse(beside.because);
  const peers = counting(view, view.systemIdentifier);
  const alive = peers.find((p) => p.role === "primary");
  if (alive) return refuse(`${alive.host} is the primary and answers`);
  const blind = options.asked ? null : tooFewAfterStart(view);
  if (blind !== null) return refuse(blind);
  const rivals = electable(view, view.systemIdentifier);
  const becoming = rivals.find((p) => p.becomingPrimary);
  if (becoming) return refuse(`${becoming.host} is becoming primary`);
  const unread = options.asked ? null : whyUnread(view);
  if (unread !== null) return refuse(unread);
  const majority = countMajority({ ...view, everHadMajority: true });
  if (!majority.ok) {
    return refuse(`only ${majority.have} of ${majority.size} voters answer; missing: ${majority.missing.join(", ")}`);
  }
  const unleased = options.final && !options.asked ? perhapsUnleased(view) : null;
  if (unleased !== null) return refuse(unleased);
  const proof = isProven(view, options) ? null : missingProof(view, options);
  if (proof !== null) return refuse(proof);
  const old = options.asked ? null : tooOld(view);
  if (old !== null) return refuse(old);
  const better = rivals.filter((p) => isBetter(p, view, options.tieBreak));
  const leads = better.find((p) => p.priority !== 0);
  if (leads) return refuse(`${leads.host} has newer data, or equal data and precedence by NODE_PRIORITY or NODE_ID`);
  const [newest] = better.toSorted((a, b) => comparePosition(b.position!, a.position!));
  if (newest) {
    const because = `${newest.host} has newer data, and may not lead, since its NODE_PRIORITY is 0`;
    return { ...refuse(because), catchUp: newest.host };
  }
  return { ok: true, because: `${majority.have} of ${majority.size} voters answer and none of them has newer data` };
}

/**
 * The lease keeps a lost primary from writing only if that primary is under it. It is not before the first majority, and while
 * fewer than three voters are configured there. Then no voter knows of a leadership; the look under the lease would show one.
 */
function perhapsUnleased({ quorum, leaderships, self, systemIdentifier }: PromotionView): string | null {
  if (!quorum || ofCluster(leaderships, systemIdentifier).length > 0) return null;
  return "no voter knows of a leadership under the lease yet, so the lost primary may go on writing without one; make sure " +
    `that it is stopped, then type postdock cluster failover --force ${self.host}`;
}

/**
 * Without strict mode: after a start of the whole cluster, a node that has seen no primary yet cannot know how old its data is,
 * unless most nodes that have data are in sight.
 */
function tooFewAfterStart(view: PromotionView): string | null {
  if (view.strict || !view.quorum || view.sawPrimary) return null;
  const partners = [view.self.host, ...view.otherPartners];
  const peers = located(view, view.systemIdentifier).map((p) => p.ownHost);
  const known = [view.self.host, ...peers, ...withoutData(view, view.systemIdentifier)];
  const there = partners.filter((host) => known.includes(host));
  if (there.length * 2 > partners.length) return null;
  const others = partners.filter((host) => !there.includes(host)).join(", ");
  return `no primary has been in sight since this node started, and ${others} may have newer data; start ${others}, or ` +
    "type postdock cluster failover --force to go on with what is here";
}

/**
 * Without strict mode, which asks for a proof: a node that knows that it was cut off for long does not go on by itself with what
 * it has. Its former primary, or a standby that is not in sight, has more.
 */
function tooOld({ strict, cutOff, self }: PromotionView): string | null {
  if (strict || cutOff === null) return null;
  const lacks = cutOff.bytes === null ? "WAL of a later timeline" : `at least ${sizeText(cutOff.bytes)} of its WAL`;
  const howLong = Number.isFinite(cutOff.ms) ? secondsText(cutOff.ms) : "an unknown time (the clock went back)";
  return `it was cut off from its primary for ${howLong} and lacks ${lacks}, more than FAILOVER_MAX_DATA_AGE ` +
    `(${
      secondsText(cutOff.allowedMs)
    }) allows; start the former primary or a standby that has more, or type postdock cluster ` +
    `failover --force ${self.host} to go on with what is here`;
}

/** A hand-over proves nothing of commits under a later leadership: its order may have been delayed. */
function isProven({ leaderships, systemIdentifier }: PromotionView, { provenUpTo }: MayPromote): boolean {
  if (provenUpTo === undefined) return false;
  return ofCluster(leaderships, systemIdentifier).every((l) => l.epoch <= provenUpTo);
}

/** repmgr's order: received LSN, then priority, then the lower id. */
function isBetter(
  peer: { position: WalPosition | null; priority: number; nodeId: number; role: string },
  view: { position: WalPosition; self: { priority: number; nodeId: number } },
  tieBreak: boolean,
): boolean {
  if (!peer.position) return false;
  const order = comparePosition(peer.position, view.position);
  if (order > 0) return true;
  if (order < 0 || !tieBreak || peer.role !== "standby" || peer.priority === 0) return false;
  return peer.priority > view.self.priority ||
    (peer.priority === view.self.priority && peer.nodeId < view.self.nodeId);
}
