// Signed orders, without a port: a refused order changes nothing, every answer is signed, and a flood does not fill the log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { httpApp, type RoleHttp } from "./app.ts";
import { answering, controlApp, ControlRefusal, refusedRequests } from "./control.ts";
import { Metrics } from "./metrics.ts";
import { createLog } from "../runtime/log.ts";
import { controlHeaders, type Message, refusal, sign, targetKey } from "../protocol/signing.ts";
import type { Order } from "../protocol/orders.ts";

const key = "a key of this test only";
const order: Order<{ n: number }, { twice: number }> = {
  path: "/control/double",
  question: z.object({ n: z.number() }),
  answer: z.object({ twice: z.number() }),
};

const reading: typeof order = { ...order, path: "/control/read", onlyReads: true };

function made() {
  const metrics = new Metrics();
  const done: number[] = [];
  const lines: string[] = [];
  let nowMs = 0;
  const log = createLog({ level: "INFO", write: (line) => lines.push(line), wallMs: () => 0 });
  const clock = { nowMs: () => nowMs, wallMs: () => 1e12, sleep: () => Promise.resolve() };
  const answer = answering(order, ({ n }) => {
    if (n < 0) throw new ControlRefusal("not below zero");
    if (n > 100) throw new Error("too much for this node");
    done.push(n);
    return { twice: 2 * n };
  });
  const read = answering(reading, ({ n }) => ({ twice: 2 * n }));
  const control = controlApp([answer, read], {
    keys: [key],
    incarnation: "run-1",
    clock,
    log,
    refused: refusedRequests(metrics),
    others: () => ["pg2"],
  });
  const app = httpApp({} as RoleHttp, log, { control });
  let nonces = 0;
  const send = async (body: string, changed: Partial<Message> & { signature?: string } = {}) => {
    const m = {
      method: "POST",
      path: order.path,
      audience: "run-1",
      timeMs: 1e12,
      nonce: `n${nonces++}`,
      body,
      ...changed,
    };
    const headers = {
      [controlHeaders.audience]: m.audience,
      [controlHeaders.time]: String(m.timeMs),
      [controlHeaders.nonce]: m.nonce,
      [controlHeaders.signature]: changed.signature ?? sign(key, m),
    };
    const answer = await app.request(m.path, { method: "POST", body, headers });
    const text = await answer.text();
    const audience = answer.headers.get(controlHeaders.audience);
    const said = answer.status === 401 && audience !== null
      ? refusal(m, audience, text)
      : { ...m, method: `ANSWER ${answer.status}`, body: text };
    const signed = sign(key, said);
    return {
      status: answer.status,
      text,
      audience,
      genuine: answer.headers.get(controlHeaders.signature) === signed,
      ...(answer.headers.has(controlHeaders.repeated) ? { repeated: answer.headers.get(controlHeaders.repeated) } : {}),
    };
  };
  const counted = async () =>
    [...(await metrics.text()).matchAll(/requests_refused_total\{cause="(\w+)"\} (\d+)/g)].map(([, cause, n]) =>
      `${cause} ${n}`
    );
  return { app, done, lines, send, counted, pass: (ms: number) => nowMs += ms };
}

test("a genuine order is carried out once, and its answer is signed", async () => {
  const { send, done } = made();
  const answer = await send('{"n":2}', { nonce: "once" });
  assert.deepEqual(answer, { status: 200, text: '{"twice":4}', audience: null, genuine: true });
  const again = await send('{"n":2}', { nonce: "once" });
  assert.equal(again.status, 401);
  assert.match(again.text, /was received before/);
  assert.deepEqual(done, [2]);
});

test("an order that only reads is answered again; it is signed all the same, and marked", async () => {
  const { send } = made();
  for (let i = 0; i < 2; i++) {
    const answer = await send('{"n":2}', { path: reading.path, nonce: "once" });
    assert.deepEqual([answer.status, answer.genuine, answer.repeated ?? null], [200, true, i === 0 ? null : "1"]);
  }
  assert.equal((await send('{"n":2}', { path: reading.path, signature: "00" })).status, 401);
});

test("a request that is refused gets 401 with the agent's audience, signed only for a sender with the key", async () => {
  const { send, done, app } = made();
  const refusals = [
    [await send('{"n":2}', { signature: "" }), false],
    [await send('{"n":2}', { audience: "run-0" }), true],
    [await send('{"n":2}', { timeMs: 0 }), true],
    [await send("{", { signature: "00" }), false],
    [await send('{"n":2}', { path: "/control/nothing", signature: "00" }), false],
  ] as const;
  for (const [{ status, audience, genuine }, signed] of refusals) {
    assert.deepEqual([status, audience, genuine], [401, "run-1", signed]);
  }
  assert.equal((await app.request(order.path, { method: "POST", body: '{"n":2}' })).status, 401);
  assert.deepEqual(done, []);
});

test("an order for another container is refused, signed; one that names no known container is for this one", async () => {
  const { send, done, lines } = made();
  const forHost = (host: unknown) => JSON.stringify({ n: 3, [targetKey]: host });
  const refused = await send(forHost("pg2"));
  assert.deepEqual([refused.status, refused.genuine], [421, true]);
  assert.match(refused.text, /^the message is for pg2, which is another container\n$/);
  assert.equal(lines.filter((l) => l.includes("Control request refused")).length, 1);
  assert.deepEqual(done, []);
  for (const host of ["pg1", "an-alias-of-pg1", 7]) assert.equal((await send(forHost(host))).text, '{"twice":6}');
  assert.equal((await send("null")).status, 400);
});

test("a genuine order that is malformed, refused, unknown or fails says so, signed", async () => {
  const { send, done, lines } = made();
  const cases = [
    [await send("{"), 400, /malformed/],
    [await send('{"n":"two"}'), 400, /malformed/],
    [await send('{"n":-1}'), 409, /^not below zero$/],
    [await send('{"n":1}', { path: "/control/nothing" }), 404, /^no such request\n$/],
    [await send('{"n":1}', { path: "/control/__proto__" }), 404, /^no such request\n$/],
    [await send('{"n":101}'), 500, /^too much for this node\n$/],
  ] as const;
  for (const [answer, status, said] of cases) {
    assert.equal(answer.status, status);
    assert.match(answer.text, said);
    assert.ok(answer.genuine, answer.text);
  }
  assert.deepEqual(done, []);
  assert.equal(lines.filter((l) => l.includes("Control request failed")).length, 1);
});

test("a long body is refused before anything else, and a GET is not an order", async () => {
  const { send, app } = made();
  assert.equal((await send("x".repeat(65 * 1024))).status, 413);
  const get = await app.request(order.path);
  assert.equal(get.status, 404);
  assert.match(await get.text(), /healthz/);
});

test("a flood logs one line every ten seconds for each reason; requests for an earlier run of the agent log none", async () => {
  const { send, lines, counted, pass } = made();
  const refused = () => lines.filter((l) => l.includes("Control request refused")).length;
  for (let i = 0; i < 5; i++) await send("{}", { signature: "00" });
  assert.equal(refused(), 1);
  for (let i = 0; i < 5; i++) await send("{}", { timeMs: 0 });
  assert.equal(refused(), 2);
  pass(10_000);
  await send("{}", { signature: "00" });
  assert.equal(refused(), 3);
  await send("{}", { audience: "run-0" });
  assert.equal(refused(), 3);
  assert.deepEqual(await counted(), ["signature 6", "stale 5", "replay 0", "flood 0"], "each of them is counted");
});
