// Orders over real connections, with something between the client and the agents: it can hand on and repeat, and has no key.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { z } from "zod";
import { answering, controlApp } from "../http/control.ts";
import { httpApp, type RoleHttp } from "../http/app.ts";
import { serve } from "../http/serve.ts";
import type { Order } from "../protocol/orders.ts";
import { clusterKeys, controlHeaders } from "../protocol/signing.ts";
import { createLog } from "../runtime/log.ts";
import { systemClock } from "../runtime/time.ts";
import { type Between, type HandedOn, handOn, withImpostor } from "../../tests/support/impostor.ts";
import { ControlClient } from "./control-client.ts";
import { HttpError, Peers } from "./peers.ts";

/** pg2 is an agent; at the address of pg1 something else answers. On addresses of their own, so that nothing has the port. */
const port = 18_471;
const [pg1, pg2] = ["127.0.72.1", "127.0.72.2"] as const;
const key = "a key of this test only";

const order: Order<{ n: number }, { twice: number }> = {
  path: "/control/double",
  question: z.object({ n: z.number() }),
  answer: z.object({ twice: z.number() }),
};
const done: number[] = [];
const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const double = answering(order, ({ n }) => {
  done.push(n);
  return { twice: 2 * n };
});
const control = controlApp([double], {
  keys: [key],
  incarnation: "run-2",
  clock: systemClock,
  log,
  others: () => [pg1],
});
const agent = await serve(httpApp({} as RoleHttp, log, { control }), { host: pg2, port });
after(() => agent.close());

const client = () => new ControlClient([key], new Peers(systemClock, port), systemClock);

test("an order for one agent that is handed on to another is not carried out there", async () => {
  const relay: Between = async (body, req, res) => {
    const answer = await handOn({ host: pg2, port }, body, req);
    res.writeHead(answer.status, answer.headers).end(answer.body);
  };
  assert.deepEqual(await client().ask(order, pg2, { n: 1 }, 5_000), { twice: 2 });
  await withImpostor({ host: pg1, port }, relay, async () => {
    const misdirected = (e: HttpError) => e.status === 421 && /is for 127\.0\.72\.1, which is another/.test(e.body);
    await assert.rejects(client().ask(order, pg1, { n: 2 }, 5_000), misdirected);
  });
  assert.deepEqual(done.splice(0), [1]);
});

/** Works while an agent at pg1 knows these keys; `refused`: gets why it refuses each request. */
async function withAgent(
  { refused, ...of }: { incarnation: string; keys: readonly string[]; refused: string[] },
  work: () => Promise<void>,
): Promise<void> {
  const counting = { inc: (cause: string) => void refused.push(cause) } as never;
  const control = controlApp([double], { ...of, clock: systemClock, log, refused: counting, others: () => [] });
  const there = await serve(httpApp({} as RoleHttp, log, { control }), { host: pg1, port });
  await work().finally(() => there.close());
}

test("an agent that does not know the present key yet is asked with the former one, and at once the next time", async () => {
  const refused: string[] = [];
  await withAgent({ incarnation: "run-3", keys: [key], refused }, async () => {
    const newKeys = ["the new key of this test", key];
    const both = new ControlClient(newKeys, new Peers(systemClock, port), systemClock);
    assert.deepEqual(await both.ask(order, pg1, { n: 3 }, 5_000), { twice: 6 });
    assert.deepEqual(await both.ask(order, pg1, { n: 4 }, 5_000), { twice: 8 });
    assert.deepEqual([done.splice(0), refused], [[3, 4], ["signature"]]);
    const dropped = new ControlClient(newKeys.slice(0, 1), new Peers(systemClock, port), systemClock);
    await assert.rejects(dropped.ask(order, pg1, { n: 5 }, 5_000), (e: HttpError) => e.status === 401);
  });
});

test("an agent of the last release is asked in the key that it knows, until another run of it knows the present one", async () => {
  const derived = clusterKeys([], "a password of this test");
  const asker = new ControlClient(derived, new Peers(systemClock, port), systemClock);
  const run = async (incarnation: string, keys: readonly string[], n: number) => {
    const refused: string[] = [];
    await withAgent({ incarnation, keys, refused }, async () => {
      for (let i = 0; i < n; i++) assert.deepEqual(await asker.ask(order, pg1, { n: i }, 5_000), { twice: 2 * i });
    });
    return refused;
  };
  const [slow, quick] = derived;
  assert.deepEqual(await run("old-1", [quick!], 3), ["signature"], "one question in vain for each run");
  assert.deepEqual(await run("old-2", [quick!], 3), ["signature"]);
  assert.deepEqual(await run("new-1", derived, 1), []);
  assert.deepEqual(await run("new-1", [slow!], 2), [], "what is quick to guess signs nothing any more");
  assert.deepEqual(await run("old-3", [quick!], 3), ["signature"], "and a step back is as good");
  done.splice(0);
});

test("an answer to an earlier question is not believed", async () => {
  let first: HandedOn | null = null;
  const replay: Between = async (body, req, res) => {
    // as if pg1 had answered: pg2 does not learn for whom it is
    const answer = first ?? await handOn({ host: pg2, port }, body, req);
    if (answer.status !== 401) first ??= answer;
    res.writeHead(answer.status, answer.headers).end(answer.body);
  };
  await withImpostor({ host: pg1, port }, replay, async () => {
    const asker = client();
    await assert.rejects(asker.ask(order, pg1, { n: 3 }, 5_000), HttpError);
    await assert.rejects(asker.ask(order, pg1, { n: 4 }, 5_000), /is not signed with this cluster's key/);
  });
  assert.deepEqual(done.splice(0), []);
});

test("an audience that was made up leads nowhere, and is not remembered", async () => {
  const audiences: unknown[] = [];
  const madeUp: Between = (_, req, res) => {
    audiences.push(req.headers[controlHeaders.audience]);
    res.writeHead(401, { [controlHeaders.audience]: `run-${audiences.length}` }).end("ask again\n");
  };
  await withImpostor({ host: pg1, port }, madeUp, async () => {
    const asker = client();
    for (let i = 0; i < 2; i++) await assert.rejects(asker.ask(order, pg1, { n: 5 }, 5_000), HttpError);
  });
  assert.deepEqual(audiences, ["", "run-1", "", "run-3"]);
  assert.deepEqual(done.splice(0), []);
});
