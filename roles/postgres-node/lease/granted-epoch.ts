// Asks the other voters whether they have granted an epoch, without asking for anything.
import { randomUUID } from "node:crypto";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { ControlClient } from "../../../core/client/control-client.ts";
import type { KnowingReply } from "../../../core/lease/decide/epoch.ts";
import type { LeaseRequest } from "../../../core/lease/decide/vote.ts";
import { orders } from "../../../core/protocol/orders.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { askVoters } from "./voters.ts";

/** How long the voters have to answer, milliseconds. */
const askMs = 500;

interface Asking {
  client: ControlClient;
  clock: Clock;
  config: Pick<NodeConfig, "id" | "host" | "electorate" | "leaseTtlMs">;
}

/**
 * A voter that has granted an epoch, or cannot read which; null: none that answers has. The question is the release of a lease
 * that nobody has, since every answer says what the voter has granted.
 */
export async function grantedEpoch({ client, clock, config }: Asking): Promise<string | null> {
  const { electorate, host, id, leaseTtlMs } = config;
  const from = { nodeId: id, host, incarnation: randomUUID() };
  const term = { number: 0, nodeId: id };
  const request: LeaseRequest = { kind: "release", from, term, ttlMs: leaseTtlMs, electorate, round: 0 };
  const granted = ({ epoch }: KnowingReply) => epoch === null || epoch > 0;
  const done = (said: readonly KnowingReply[]) => said.some(granted);
  const asking = { electorate, self: host, own: null, client, clock, timeoutMs: askMs, done };
  const replies = await askVoters(orders.vote, request, asking, () => {});
  return replies.find(granted)?.voter ?? null;
}
