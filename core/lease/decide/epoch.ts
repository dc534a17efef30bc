// PURE: the rules by which a majority of voters gives every leadership its own epoch, greater than any before it. The argument
// is that of Raft's terms (Ongaro, Ousterhout 2014, 5.4): two majorities share a voter, and that voter remembers.
import { type Claimant, type LeaseReply, sameClaimant } from "./vote.ts";

/** More leaderships than this cannot have passed while a node was away: a greater number is an error of the node that said it. */
export const mostSkipped = 10_000;

/** A node that votes alone leaves out at least so many numbers. */
const leftOutAlone = 16;

/**
 * The number above which a node that votes alone, after a forced failover, asks for an epoch. The missing nodes may have begun
 * timelines that it does not know of, and PostgreSQL takes two of one number that begin at one place for the same. So it leaves
 * out some, and no two of `partners` can take the same.
 */
export function aboveUnknown(known: number, { host, partners }: { host: string; partners: readonly string[] }): number {
  const own = partners.toSorted().indexOf(host);
  if (own < 0) return known + leftOutAlone;
  let epoch = known + leftOutAlone + 1;
  while (epoch % partners.length !== own) epoch++;
  return epoch - 1;
}

/**
 * The number above which the holder of a majority's lease asks for an epoch. Where the highest that is known was taken alone, more
 * than one node may have been forced, and another may have taken one of those that follow: it knew of no greater one.
 */
export function aboveForced(known: number, leaderships: readonly Leadership[]): number {
  const alone = leaderships.find((l) => l.epoch === known && l.alone);
  return alone ? known + 2 * (leftOutAlone + 1 + alone.partners.length) : known;
}

/** A leadership that may have acknowledged commits, and the nodes that they waited for. */
export interface Leadership {
  epoch: number;
  /** the node that got it */
  host: string;
  /** of the cluster whose data it leads; a voter without data may outlive a cluster */
  systemIdentifier: string;
  /** PARTNER_NODES of its primary, that node included */
  partners: readonly string[];
  /** only its own voter has granted it, after a forced failover: no majority knows of it */
  alone?: boolean;
}

/** The holder of the lease asks for the number of the timeline that its leadership is to have. */
export interface EpochRequest extends Omit<Leadership, "host" | "alone"> {
  from: Claimant;
  /** a majority has granted it: the voter has forgotten that, or was not asked. Its timeline may have been seen since */
  again?: boolean;
}

/** An answer with the leaderships whose epochs this voter has granted: what a claimant that is to lead has to know of. */
export interface KnowingReply extends LeaseReply {
  /** the highest epoch that this voter has granted; null: it is not known */
  epoch: number | null;
  leaderships: readonly Leadership[];
}

/** The leaderships of one cluster. */
export function ofCluster(leaderships: readonly Leadership[], systemIdentifier: string): Leadership[] {
  return leaderships.filter((l) => l.systemIdentifier === systemIdentifier);
}

/** How many leaderships a voter remembers: the newest of each node, for each configuration that it had. */
const mostLeaderships = 64;

/**
 * The leaderships that voters remember, with new ones: the newest of each node and configuration. What a node that leads later
 * has to prove about older ones is the same.
 */
export function withLeaderships(before: readonly Leadership[], added: readonly Leadership[]): Leadership[] {
  const newest = new Map<string, Leadership>();
  for (const { epoch, host, systemIdentifier, partners, alone } of [...before, ...added]) {
    const key = [alone === true, host, systemIdentifier, ...partners.toSorted()].join(" ");
    if ((newest.get(key)?.epoch ?? 0) >= epoch) continue;
    newest.set(key, { epoch, host, systemIdentifier, partners, ...(alone ? { alone } : {}) });
  }
  return [...newest.values()].toSorted((a, b) => b.epoch - a.epoch).slice(0, mostLeaderships);
}

export interface EpochReply {
  voter: string;
  incarnation: string;
  granted: boolean;
  because: string;
  /** the voter's own electorate, which the claimant checks as well */
  electorate: readonly string[];
  /** the highest epoch that this voter has granted or knows of; a greater one may be granted */
  highest: number;
}

/** What a voter knows when it is asked. */
export interface EpochVoter {
  /** the claimant that has this voter's grant of the lease now, or null */
  holder: Claimant | null;
  /** the highest epoch on its disk, and the highest timeline that it has seen; null: its file cannot be read */
  highest: number | null;
  /** the claimant to which it has granted `highest`, or null */
  highestTo: Claimant | null;
}

/** Whether a voter grants this epoch. If it does, it has to be on disk before the answer is sent. */
export function judgeEpoch(
  { holder, highest, highestTo }: EpochVoter,
  request: Pick<EpochRequest, "from" | "epoch">,
): { ok: boolean; because: string } {
  if (highest === null) return { ok: false, because: "this voter cannot read the epochs that it has granted" };
  if (holder === null || !sameClaimant(holder, request.from)) {
    return { ok: false, because: `this voter has granted the lease to ${holder?.host ?? "nobody"}` };
  }
  // the same question may come twice, for example under another name whose address this voter has taken over
  const again = request.epoch === highest && highestTo !== null && sameClaimant(highestTo, request.from);
  if (again) return { ok: true, because: "granted before" };
  if (request.epoch <= highest) return { ok: false, because: `epoch ${highest} has been granted already` };
  return { ok: true, because: "granted" };
}

/** The least epoch that the next request may ask for, after these answers. */
export function nextEpoch(asked: number, replies: readonly Pick<EpochReply, "highest">[]): number {
  return Math.max(asked, ...replies.map((r) => r.highest)) + 1;
}
