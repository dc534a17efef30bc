// What a node says of itself, asked over real connections: only what the cluster's key has signed for this question is believed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { httpApp, type RoleHttp, statusNow } from "../http/app.ts";
import { answering, controlApp } from "../http/control.ts";
import { serve } from "../http/serve.ts";
import { choosePrimary, reportOf } from "../protocol/choose-primary.ts";
import { orders } from "../protocol/orders.ts";
import type { NodeStatus, PeerSeen } from "../protocol/status.ts";
import { createLog } from "../runtime/log.ts";
import { systemClock } from "../runtime/time.ts";
import { says } from "../../tests/support/fake-cluster.ts";
import { type Between, type HandedOn, handOn, withImpostor } from "../../tests/support/impostor.ts";
import { ControlClient } from "./control-client.ts";
import { Peers } from "./peers.ts";

/** On addresses of their own, so that nothing else has the port. */
const port = 18_473;
const [pg1, pg2] = [{ host: "127.0.73.1", port }, { host: "127.0.73.2", port }];
const key = "a key of this test only";
const how = { timeoutMs: 5_000 };
const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const client = (signs = key, isPublic = false) =>
  new ControlClient([signs], new Peers(systemClock, port), systemClock, isPublic);

/** Why the agent has refused questions. */
const refused: string[] = [];

/** The primary, which holds the lease of a majority. */
const holder = says("pg2", {}, { standby: false, upstream: null });
holder.lease.held = true;

/** The agent of pg2 is there while `work` is done; `signs`: it answers the signed question, as agents before did not. */
async function withAgent(work: () => Promise<void>, said: object = holder, signs = true): Promise<void> {
  const role = { status: () => said, look: () => Promise.resolve(true) } as unknown as RoleHttp;
  const answers = signs ? [answering(orders.status, (asked) => statusNow(role, asked))] : [];
  const counted = { inc: (cause: string) => void refused.push(cause) };
  const control = controlApp(answers, {
    refused: counted,
    keys: [key],
    incarnation: "run-2",
    clock: systemClock,
    log,
    others: () => [pg1.host],
  });
  const agent = await serve(httpApp(role, log, { control }), pg2);
  try {
    await work();
  } finally {
    agent.close();
  }
}

/** Says with a straight face that it leads on timeline 999, to every question. */
const liar = says("pg1", {}, { standby: false, upstream: null, timeline: 999 });
liar.lease.held = true;
const lies: Between = (_, __, res) =>
  void res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(liar));

const isStranger = (seen: PeerSeen) => seen.seen === "unreachable" && seen.stranger === true;

const chosen = (seen: readonly PeerSeen[]) =>
  choosePrimary(seen.flatMap((s) => s.seen === "reached" ? [reportOf(s.host, s.status)] : []), null)?.host;

test("a genuine answer is believed, fresh or not", () =>
  withAgent(async () => {
    const asker = client();
    const plain = await asker.askNode(pg2.host, how);
    assert.deepEqual(plain, {
      host: pg2.host,
      seen: "reached",
      status: JSON.parse(JSON.stringify(holder)) as NodeStatus,
    });
    const looked = await asker.askNode(pg2.host, { ...how, fresh: true, since: 3 });
    assert.equal(looked.seen === "reached" && looked.status.certain, true);
    assert.equal(await asker.answers(pg2.host, 5_000), true);
  }));

test("an impostor on timeline 999 at one node's address is not believed, and changes no decision", () =>
  withAgent(() =>
    withImpostor(pg1, lies, async () => {
      const unsigned = await Promise.all([pg1, pg2].map(({ host }) => new Peers(systemClock, port).askNode(host, how)));
      assert.equal(chosen(unsigned), pg1.host, "without signatures it would lead");
      const asker = client();
      const seen = await Promise.all([pg1, pg2].map(({ host }) => asker.askNode(host, how)));
      assert.ok(isStranger(seen[0]!), JSON.stringify(seen[0]));
      assert.equal(chosen(seen), pg2.host);
      assert.equal(await asker.answers(pg1.host, 5_000), false);
    })
  ));

test("the answer of another node, and an answer to an earlier question, say nothing", () =>
  withAgent(async () => {
    let first: HandedOn | null = null;
    const relay: Between = async (body, req, res) => {
      const answer = first ??
        await handOn(pg2, body.replace(pg1.host, body.includes("since") ? pg2.host : pg1.host), req);
      res.writeHead(answer.status, answer.headers).end(answer.body);
    };
    await withImpostor(pg1, relay, async () => {
      const asker = client();
      const handedOn = await asker.askNode(pg1.host, how);
      assert.equal(handedOn.seen, "unreachable");
      assert.match("error" in handedOn ? handedOn.error : "", /is for 127\.0\.73\.1, which is another container/);
      const changed = await asker.askNode(pg1.host, { ...how, since: 1 });
      assert.ok(isStranger(changed), "what it changed on the way is not signed any more");
    });
    const remember: Between = async (body, req, res) => {
      const answer = first ?? await handOn(pg2, body, req);
      if (answer.status === 421) first = answer;
      res.writeHead(answer.status, answer.headers).end(answer.body);
    };
    await withImpostor(pg1, remember, async () => {
      const asker = client();
      await asker.askNode(pg1.host, how);
      assert.ok(isStranger(await asker.askNode(pg1.host, how)), "it is over another nonce");
    });
  }));

test("an agent of an earlier release signs that it knows no such question: then what it says counts; nobody else can say so", async () => {
  await withAgent(
    async () => {
      const seen = await client().askNode(pg2.host, how);
      assert.equal(seen.seen === "reached" && seen.status.lease.held, true);
      assert.equal(await client().answers(pg2.host, 5_000), true);
    },
    holder,
    false,
  );
  const unknown: Between = (body, req, res) => {
    if (req.method === "GET") return lies(body, req, res);
    res.writeHead(404).end("no such request\n");
  };
  await withImpostor(pg1, unknown, async () => assert.ok(isStranger(await client().askNode(pg1.host, how))));
});

test("a status of another release is read, or it is not understood; it is never unreachable", async () => {
  const { disk: _, ...rest } = holder;
  const newer = { ...rest, phase: "levitating", postgres: { ...holder.postgres, role: "poet" }, tomorrow: 1 };
  await withAgent(async () => {
    const seen = await client().askNode(pg2.host, how);
    assert.ok(seen.seen === "reached", JSON.stringify(seen));
    assert.deepEqual([seen.status.phase, seen.status.postgres.role, seen.status.disk], ["unknown", "unknown", null]);
  }, newer);
  for (
    const said of [{ ...holder, postgres: undefined }, { component: "poet" }, {}, [], { ...holder, paused: "a bit" }]
  ) {
    await withAgent(async () => {
      assert.equal((await client().askNode(pg2.host, how)).seen, "not-understood", JSON.stringify(said).slice(0, 60));
    }, said);
  }
});

test("a signed answer of a pgpool or barman container is not the node's", () =>
  withAgent(async () => {
    const seen = await client().askNode(pg2.host, how);
    assert.deepEqual(seen, { host: pg2.host, seen: "unreachable", error: "the name leads to the pgpool container" });
    assert.equal(await client().answers(pg2.host, 5_000), true);
  }, { component: "pgpool" }));

test("with another key nothing is believed, unless the asker's own is one that everybody knows", () =>
  withAgent(async () => {
    const other = "another key of this test";
    refused.splice(0);
    assert.ok(isStranger(await client(other).askNode(pg2.host, how)));
    assert.equal(await client(other).answers(pg2.host, 5_000), false);
    assert.equal((await client(other, true).askNode(pg2.host, how)).seen, "reached");
    assert.deepEqual(refused.splice(0), ["signature", "signature"], "a public key is not even tried");
  }));

test("nothing there is unreachable, not a stranger", async () => {
  const seen = await client().askNode(pg1.host, how);
  assert.equal(seen.seen, "unreachable");
  assert.equal(isStranger(seen), false);
});
