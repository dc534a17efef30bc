// Sends one question to all voters of the lease at once, this node's own among them.
import type { ControlClient } from "../../../core/client/control-client.ts";
import type { Order } from "../../../core/protocol/orders.ts";
import { errorText } from "../../../core/words/errors.ts";
import type { Clock } from "../../../core/runtime/time.ts";

export interface AskVoters<Answer extends object> {
  electorate: readonly string[];
  /** this node's name among the voters */
  self: string;
  /** the answer of this node's own voter; null leaves it out */
  own: (() => Answer | Promise<Answer>) | null;
  client: ControlClient;
  clock: Clock;
  timeoutMs: number;
  /** whether enough have answered */
  done: (said: readonly Answer[]) => boolean;
}

/** Resolves when all have answered, `done` is true after an answer, or the time is over. Each answer goes to `take` at once. */
export async function askVoters<Question extends object, Answer extends object>(
  order: Order<Question, Answer>,
  question: Question,
  o: AskVoters<Answer>,
  take: (asked: string, answer: Answer | { error: string }) => void,
): Promise<Answer[]> {
  const replies: Answer[] = [];
  let finish = () => {};
  const early = new Promise<void>((resolve) => finish = resolve);
  const note = (asked: string, reply: Answer) => {
    replies.push(reply);
    take(asked, reply);
    if (o.done(replies)) finish();
  };
  const ask = async (host: string, answer: () => Promise<Answer>) => {
    try {
      note(host, await answer());
    } catch (error) {
      take(host, { error: errorText(error) });
    }
  };
  const asked = o.electorate.filter((host) => host !== o.self).map((host) =>
    ask(host, () => o.client.ask(order, host, question, o.timeoutMs))
  );
  if (o.own !== null && o.electorate.includes(o.self)) {
    const own = o.own();
    if (own instanceof Promise) asked.push(ask(o.self, () => own));
    else note(o.self, own);
  }
  await Promise.race([Promise.all(asked), early, o.clock.sleep(o.timeoutMs)]);
  return replies;
}
