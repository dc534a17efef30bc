// Sends one request of the lease to all voters at once, this node's own among them.
import type { ControlClient } from "../../../core/client/control-client.ts";
import type { LeaseReply, LeaseRequest } from "../../../core/lease/decide/vote.ts";
import { errorText } from "../../../core/words/errors.ts";
import type { Voter } from "../../../core/lease/voter.ts";
import { orders } from "../../../core/protocol/orders.ts";
import type { Clock } from "../../../core/runtime/time.ts";

export interface AskVoters {
  /** this node's name among the voters */
  own: string;
  voter: Voter;
  client: ControlClient;
  clock: Clock;
  timeoutMs: number;
  /** leaves out this node's own voter */
  withoutOwn?: boolean;
  /** whether enough have answered */
  done: (said: readonly LeaseReply[]) => boolean;
}

/** Resolves when all have answered, `done` is true after an answer, or the time is over. Each answer goes to `take` at once. */
export async function askVoters(
  request: LeaseRequest,
  o: AskVoters,
  take: (asked: string, answer: LeaseReply | { error: string }) => void,
): Promise<LeaseReply[]> {
  const replies: LeaseReply[] = [];
  const note = (asked: string, reply: LeaseReply) => {
    replies.push(reply);
    take(asked, reply);
  };
  let finish = () => {};
  const early = new Promise<void>((resolve) => finish = resolve);
  const ask = async (host: string) => {
    try {
      note(host, await o.client.ask(orders.vote, host, request, o.timeoutMs));
    } catch (error) {
      take(host, { error: errorText(error) });
    }
    if (o.done(replies)) finish();
  };
  if (request.electorate.includes(o.own) && !o.withoutOwn) note(o.own, o.voter.handle(request));
  const all = Promise.all(request.electorate.filter((host) => host !== o.own).map(ask));
  await Promise.race([all, early, o.clock.sleep(o.timeoutMs)]);
  return replies;
}
