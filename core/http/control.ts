// POST /control/…: what the containers of a cluster and the CLI ask of an agent, signed in both directions.
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { z } from "zod";
import { errorText } from "../words/errors.ts";
import { encodeAnswer } from "../protocol/answer-body.ts";
import type { Order } from "../protocol/orders.ts";
import type { Log } from "../runtime/log.ts";
import {
  controlHeaders,
  type ControlKeys,
  keyOf,
  type Message,
  misdirectedStatus,
  otherAudience,
  refusal,
  type RefusalCause,
  refusals,
  sign,
  targetKey,
  Verifier,
} from "../protocol/signing.ts";
import type { CounterOfEach, EventMetrics } from "../words/metric.ts";
import type { Clock } from "../runtime/time.ts";

/** An order and what carries it out, ready for controlApp(). */
export interface Answering {
  path: string;
  /** a repeated request does no harm */
  repeatable: boolean;
  hasBytes: boolean;
  /** takes the body as it came; throws ZodError if it is not the order's question */
  carryOut(body: unknown): Promise<object>;
}

/** Ties an order to what carries it out. `handle` gets the checked question, and returns the answer or throws ControlRefusal. */
export function answering<Question extends object, Answer extends object>(
  order: Order<Question, Answer>,
  handle: (question: Question) => Promise<Answer> | Answer,
): Answering {
  return {
    path: order.path,
    repeatable: order.onlyReads === true,
    hasBytes: order.hasBytes === true,
    carryOut: async (body) => await handle(order.question.parse(body)),
  };
}

/** Thrown to refuse an order; its message is sent to the asker. */
export class ControlRefusal extends Error {
  override name = "ControlRefusal";
}

type ControlDeps = ControlKeys & {
  clock: Clock;
  log: Log;
  /** counts what is refused */
  refused?: CounterOfEach<RefusalCause>;
  /** the names of the other containers of the cluster, as far as they are known: what is for them is refused here */
  others: () => readonly string[];
};

const causes = Object.keys(refusals) as RefusalCause[];

/** Counts the requests that a container refuses. */
export const refusedRequests = (metrics: EventMetrics): CounterOfEach<RefusalCause> =>
  metrics.counterOfEach(
    "postdock_control_requests_refused_total",
    "Requests of other containers or of the CLI that were refused: another key, another clock, sent again, or too many",
    { label: "cause", kinds: causes },
  );

/** The orders that this agent takes, as an app that httpApp() includes. */
export function controlApp(answers: readonly Answering[], o: ControlDeps): Hono {
  const app = new Hono();
  const complain = complainer(o);
  app.post("/control/*", signatures(answers, o, complain));
  for (const { path, hasBytes, carryOut } of answers) {
    app.post(path, async (c) => {
      const question: unknown = JSON.parse(await c.req.text());
      const target = targetOf(question);
      if (target !== null && o.others().includes(target)) {
        const why = `the message is for ${target}, which is another container`;
        complain(why, path);
        return c.text(`${why}\n`, misdirectedStatus);
      }
      const answer = await carryOut(question);
      if (!hasBytes) return c.json(answer);
      return c.body(encodeAnswer(answer), 200, { "content-type": "application/octet-stream" });
    });
  }
  app.post("/control/*", (c) => c.text("no such request\n", 404));
  app.onError((error, c) => failure(error, c, o.log));
  return app;
}

/** Lets genuine requests pass and signs their answers. Unsigned, stale, replayed and foreign requests get 401. */
function signatures(answers: readonly Answering[], o: ControlDeps, complain: Complain): MiddlewareHandler {
  const repeatable = new Set(answers.filter((a) => a.repeatable).map((a) => a.path));
  const verifier = new Verifier(o.keys, o.incarnation);
  return async (c, next) => {
    const m = await messageOf(c);
    const signature = c.req.header(controlHeaders.signature) ?? "";
    const received = { wallMs: o.clock.wallMs(), nowMs: o.clock.nowMs() };
    const refused = verifier.refuse(m, signature, received, repeatable.has(m.path));
    if (refused !== null) {
      // perhaps the sender has only missed a restart of this agent; it asks again with the audience in this answer
      if (refused !== otherAudience) complain(refused, m.path);
      const cause = causes.find((c) => refusals[c] === refused);
      if (cause !== undefined) o.refused?.inc(cause);
      const body = `${refused}\n`;
      if (refused !== refusals.signature) {
        c.header(controlHeaders.signature, sign(keyOf(o.keys, m, signature), refusal(m, o.incarnation, body)));
      }
      return c.text(body, 401, { [controlHeaders.audience]: o.incarnation });
    }
    const repeated = repeatable.has(m.path) && verifier.isRepeated(m);
    await next();
    if (repeated) c.header(controlHeaders.repeated, "1");
    const body = new Uint8Array(await c.res.clone().arrayBuffer());
    c.header(
      controlHeaders.signature,
      sign(keyOf(o.keys, m, signature), { ...m, method: `ANSWER ${c.res.status}`, body }),
    );
  };
}

/** The host that a question is for; null: it does not say. */
function targetOf(question: unknown): string | null {
  if (typeof question !== "object" || question === null || !(targetKey in question)) return null;
  return String(question[targetKey]);
}

async function messageOf(c: Context): Promise<Message> {
  return {
    method: "POST",
    path: c.req.path,
    audience: c.req.header(controlHeaders.audience) ?? "",
    timeMs: Number(c.req.header(controlHeaders.time) ?? NaN),
    nonce: c.req.header(controlHeaders.nonce) ?? "",
    body: await c.req.text(),
  };
}

function failure(error: Error, c: Context, log: Log): Response {
  if (error instanceof z.ZodError || error instanceof SyntaxError) {
    return c.text(`malformed: ${errorText(error)}\n`, 400);
  }
  if (error instanceof ControlRefusal) return c.text(error.message, 409);
  log.error("Control request failed", { path: c.req.path, error });
  return c.text(`${errorText(error)}\n`, 500);
}

type Complain = (why: string, path: string) => void;

/** Logs at most one bad request every ten seconds for each reason. */
function complainer(o: { clock: Clock; log: Log }): Complain {
  const said = new Map<string, number>();
  return (why, path) => {
    const now = o.clock.nowMs();
    if (now - (said.get(why) ?? -Infinity) < 10_000) return;
    said.set(why, now);
    o.log.warn("Control request refused", { path, why });
  };
}
