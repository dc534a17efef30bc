// Asks the voters for the epoch of a leadership. The rules are in core/lease/decide/epoch.ts.
import { isMajorityOfAll } from "../../../core/lease/decide/claim.ts";
import { type EpochReply, type EpochRequest, mostSkipped, nextEpoch } from "../../../core/lease/decide/epoch.ts";
import type { Claimant } from "../../../core/lease/decide/vote.ts";
import { orders } from "../../../core/protocol/orders.ts";
import { type AskVoters, askVoters } from "./voters.ts";

/** How often an epoch is asked for, each time above what the voters know. */
const mostAttempts = 4;

export interface Reservation extends Omit<AskVoters<EpochReply>, "own" | "done"> {
  from: Claimant;
  systemIdentifier: string;
  partners: readonly string[];
  /** whether the lease under which it is asked is still held */
  holds: () => boolean;
  /** the answer of this node's own voter */
  own: (request: EpochRequest) => Promise<EpochReply>;
}

/**
 * The first epoch above `known` that no voter has granted or seen. A number that a majority did not grant stays unused. Throws
 * if no majority grants one while the lease lasts.
 */
export async function reserveEpoch(known: number, o: Reservation): Promise<number> {
  let epoch = known + 1;
  let why = "no voter answered";
  for (let attempt = 0; attempt < mostAttempts && o.holds(); attempt++) {
    const grants: Record<string, EpochReply> = {};
    const refusals: string[] = [];
    const request = { from: o.from, epoch, systemIdentifier: o.systemIdentifier, partners: o.partners };
    const done = () => isMajorityOfAll(grants, o.electorate);
    const replies = await askVoters(
      orders.epoch,
      request,
      { ...o, own: () => o.own(request), done },
      (asked, answer) => {
        if ("error" in answer) refusals.push(`${asked}: ${answer.error}`);
        else if (!answer.granted) refusals.push(`${asked}: ${answer.because}`);
        else if (answer.voter === asked) grants[asked] = answer;
      },
    );
    if (!o.holds()) break;
    if (isMajorityOfAll(grants, o.electorate)) return epoch;
    why = refusals.join("; ");
    epoch = nextEpoch(epoch, replies);
    if (epoch - known > mostSkipped) throw new Error(`a voter knows of epoch ${epoch - 1}, which cannot be: ${why}`);
  }
  throw new Error(`no majority of the voters granted an epoch: ${o.holds() ? why : "the lease is not held"}`);
}
