// A perfect lease (world.ts shakes the real one): one holder at a time, with a majority, and beside it nodes that were forced, each
// with its own vote. Epochs are granted by the real rules.
import { isMajority, isMajorityOfAll } from "../../../core/lease/decide/claim.ts";
import { judgeEpoch, nextEpoch, withLeaderships } from "../../../core/lease/decide/epoch.ts";
import { type Claimant, sameClaimant } from "../../../core/lease/decide/vote.ts";
import { partnersOf, type SimNode } from "./node.ts";
import type { DataWorld } from "./world.ts";

const mostAttempts = 4;

interface Held {
  node: SimNode;
  by: Claimant;
  /** the epoch that was reserved under it */
  epoch: number | null;
}

export class Lease {
  /** of a majority */
  holder: Held | null = null;
  private readonly alone = new Map<SimNode, Held>();

  constructor(private readonly world: DataWorld) {}

  private heldOf(node: SimNode): Held | null {
    const held = [this.holder, this.alone.get(node)].find((h) => h && node.now && sameClaimant(h.by, claimantOf(node)));
    return held ?? null;
  }

  get isHeld(): boolean {
    return this.holder !== null || this.alone.size > 0;
  }

  heldBy(node: SimNode): boolean {
    return this.heldOf(node) !== null;
  }

  epochOf(node: SimNode): number | null {
    return this.heldOf(node)?.epoch ?? null;
  }

  /** The same node begins another leadership under its lease. */
  leadsAgain(node: SimNode): void {
    const held = this.heldOf(node);
    if (held) held.epoch = null;
  }

  /** The voters that this node reaches, itself included, are a majority of its own. */
  reachesMajority(node: SimNode, electorate: readonly string[] = this.electorateOf(node)): boolean {
    const voters = electorate.filter((host) => {
      const voter = this.world.voter(host).node;
      return this.world.reaches(node.settings.host, host) && (voter === node || !voter?.now?.votesAlone);
    });
    return isMajority(voters.length, electorate);
  }

  /** After a forced failover: the configured voters grant the lease that the node's own vote was enough for. */
  unforce(node: SimNode): boolean {
    if (!this.heldBy(node) || this.holder !== null) return false;
    if (!this.reachesMajority(node, node.settings.electorate)) return false;
    node.now!.votesAlone = false;
    this.alone.delete(node);
    this.granted(this.holder = { node, by: claimantOf(node), epoch: null });
    return true;
  }

  acquire(node: SimNode): boolean {
    if (this.heldBy(node)) return true;
    const held: Held = { node, by: claimantOf(node), epoch: null };
    if (!this.world.kind.beside && this.isHeld) return false;
    if (node.now!.votesAlone) {
      // what its voter has granted to another node runs out first: that node goes on without this vote, or has ended
      if (this.holder !== null && !this.reachesMajority(this.holder.node)) return false;
      this.alone.set(node, held);
    } else {
      if (this.holder !== null || !this.reachesMajority(node)) return false;
      this.holder = held;
    }
    this.granted(held);
    return true;
  }

  /** Each voter that grants it reports the leaderships that it knows. */
  private granted(held: Held): void {
    this.renew(held);
    const now = held.node.now!;
    for (const { leaderships } of this.world.voters.filter((v) => v.grant === held.by)) {
      now.leaderships = withLeaderships(now.leaderships, leaderships);
    }
  }

  private renew({ node, by }: Held): void {
    for (const host of this.electorateOf(node)) {
      const voter = this.world.voter(host);
      if (!this.world.reaches(node.settings.host, host)) continue;
      if (voter.node === node || !voter.node?.now?.votesAlone) voter.grant = by;
    }
  }

  /** That of a node whose agent is gone runs out. */
  expireAlone(): void {
    for (const held of this.alone.values()) if (!this.heldBy(held.node)) this.over(held);
  }

  /** It is given up, or has run out at every voter. */
  end(node: SimNode): void {
    if (this.holder?.node === node) this.over(this.holder);
    const alone = this.alone.get(node);
    if (alone) this.over(alone);
  }

  private over(held: Held): void {
    if (this.holder === held) this.holder = null;
    else this.alone.delete(held.node);
    for (const voter of this.world.voters) if (voter.grant === held.by) voter.grant = null;
  }

  private electorateOf({ settings, now }: SimNode): readonly string[] {
    return now?.votesAlone ? [settings.host] : settings.electorate;
  }

  /** As in lease/reservation.ts, with a voter at a time. Null if no majority grants one while the lease lasts. */
  *reserve(node: SimNode, known: number): Generator<void, number | null> {
    const from = claimantOf(node);
    const { host } = node.settings;
    const electorate = this.electorateOf(node);
    let epoch = known + 1;
    for (let attempt = 0; attempt < mostAttempts && this.heldBy(node); attempt++) {
      const grants: Record<string, { electorate: readonly string[] }> = {};
      const replies: { highest: number }[] = [];
      for (const asked of this.world.random.shuffle(electorate)) {
        if (!this.world.reaches(host, asked) || !this.heldBy(node)) continue;
        this.renew(this.heldOf(node)!);
        const voter = this.world.voter(asked);
        const { highest, highestTo, grant } = voter;
        const to = highestTo !== null && voter.epoch === highest ? highestTo : null;
        const { ok } = judgeEpoch({ holder: grant, highest, highestTo: to }, { from, epoch });
        const alone = voter.node?.now?.votesAlone ? { alone: true } : {};
        if (ok) {
          voter.grantEpoch({ epoch, host, systemIdentifier: "1", partners: partnersOf(node.settings), ...alone }, from);
        }
        yield; // it is on the voter's disk, and not answered
        if (!this.world.reaches(host, asked)) continue;
        replies.push({ highest: ok ? epoch : highest });
        if (ok) grants[asked] = { electorate: voter.node ? this.electorateOf(voter.node) : electorate };
      }
      if (!this.heldBy(node)) return null;
      if (isMajorityOfAll(grants, electorate)) return this.heldOf(node)!.epoch = epoch;
      epoch = nextEpoch(epoch, replies);
    }
    return null;
  }
}

export function claimantOf({ settings, now }: SimNode): Claimant {
  return { nodeId: settings.nodeId, host: settings.host, incarnation: `${now?.incarnation}` };
}
