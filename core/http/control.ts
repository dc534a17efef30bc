// POST /control/…: what the containers of a cluster and the CLI ask of an agent, signed in both directions.
import { z } from "zod";
import { errorText } from "../words/errors.ts";
import type { ControlRoutes } from "./app.ts";
import type { Order } from "../protocol/orders.ts";
import type { Log } from "../runtime/log.ts";
import { controlHeaders, type ControlKeys, otherAudience, sign, Verifier } from "../protocol/signing.ts";
import type { Clock } from "../runtime/time.ts";

/** An order and what carries it out, ready for controlRoutes(). */
export interface Answering {
  path: string;
  /** takes the body as it came; throws ZodError where it is not the order's question */
  carryOut(body: unknown): Promise<object>;
}

/** Ties an order to what carries it out: `handle` gets its question, checked, and returns its answer or throws ControlRefusal. */
export function answering<Question extends object, Answer extends object>(
  order: Order<Question, Answer>,
  handle: (question: Question) => Promise<Answer> | Answer,
): Answering {
  return { path: order.path, carryOut: async (body) => await handle(order.question.parse(body)) };
}

/** The routes of /control/…, for httpApp(). Unsigned, stale, replayed or foreign requests get 401 and change nothing. */
export function controlRoutes(
  answers: readonly Answering[],
  o: ControlKeys & { clock: Clock; log: Log },
): ControlRoutes {
  const verifier = new Verifier(o.keys, o.incarnation);
  const complaints = new Map<string, number>();
  return async (path, header, body) => {
    const m = {
      method: "POST",
      path,
      audience: header(controlHeaders.audience) ?? "",
      timeMs: Number(header(controlHeaders.time) ?? NaN),
      nonce: header(controlHeaders.nonce) ?? "",
      body,
    };
    const refused = verifier.refuse(m, header(controlHeaders.signature) ?? "", o.clock.wallMs());
    if (refused !== null) {
      if (refused !== otherAudience) complainSometimes(complaints, refused, path, o);
      return { status: 401, body: `${refused}\n`, headers: { [controlHeaders.audience as string]: o.incarnation } };
    }
    const answer = await perform(answers, path, body, o.log);
    const signature = sign(o.keys[0]!, { ...m, method: `ANSWER ${answer.status}`, body: answer.body });
    return { ...answer, headers: { [controlHeaders.signature as string]: signature } };
  };
}

async function perform(answers: readonly Answering[], path: string, body: string, log: Log) {
  const answer = answers.find((a) => a.path === path);
  if (!answer) return { status: 404, body: "no such request\n" };
  try {
    return { status: 200, body: JSON.stringify(await answer.carryOut(JSON.parse(body))) };
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      return { status: 400, body: `malformed: ${errorText(error)}\n` };
    }
    if (error instanceof ControlRefusal) return { status: 409, body: error.message };
    log.error("Control request failed", { path, error });
    return { status: 500, body: `${errorText(error)}\n` };
  }
}

/** Thrown by a handler that will not do it: the reason goes to whoever asked. */
export class ControlRefusal extends Error {
  override name = "ControlRefusal";
}

/** A flood of bad requests is one line every ten seconds for each reason. */
function complainSometimes(said: Map<string, number>, why: string, path: string, o: { clock: Clock; log: Log }): void {
  const now = o.clock.nowMs();
  if (now - (said.get(why) ?? -Infinity) < 10_000) return;
  said.set(why, now);
  o.log.warn("Control request refused", { path, why });
}
