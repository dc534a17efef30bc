// Whom a command means by a name, and whom it asks: what other containers say is not trusted to be sound.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import { says } from "../../tests/support/fake-cluster.ts";
import { clusterOf, pool, voters } from "../../tests/support/seen-cluster.ts";
import { withoutAliases } from "./aliases.ts";
import { diagnose } from "./diagnose.ts";
import { gather, gatherSigned, type Session } from "./gather.ts";
import { absentOf, othersKeys, requireAll } from "./rotate.ts";
import { HttpError } from "../../core/client/peers.ts";
import { refusals } from "../../core/protocol/signing.ts";
import { errorText } from "../../core/words/errors.ts";
import { nodeCalled } from "./node-called.ts";

const node = (host: string, name: string) => ({ node: { id: Number(host.at(-1)), name, host } });

test("a node is named by its host, else by its name; never by the name of a host that does not answer, or by that of two", () => {
  assert.equal(nodeCalled("pg2", clusterOf()).host, "pg2");
  assert.equal(nodeCalled("node2", clusterOf()).host, "pg2");
  const crossed = { pg1: node("pg1", "pg2"), pg2: node("pg2", "node2") };
  assert.equal(nodeCalled("pg2", clusterOf({ nodes: crossed })).host, "pg2");
  assert.throws(() => nodeCalled("pg2", clusterOf({ nodes: { ...crossed, pg2: null } })), /pg2 does not answer/);
  const twins = clusterOf({ nodes: { pg1: node("pg1", "twin"), pg3: node("pg3", "twin") } });
  assert.throws(() => nodeCalled("twin", twins), /2 nodes have the name twin/);
  assert.throws(() => nodeCalled("", clusterOf()), /is not known/);
});

test("a node that pgpool calls by another name is one node; a name that PARTNER_NODES has stays, since it may be wrong", () => {
  const { members } = clusterOf();
  const alias = { ...members[0]!, host: "db.internal" };
  const hosts = (all: Parameters<typeof withoutAliases>[0]) => withoutAliases(all).map((m) => m.host);
  assert.deepEqual(hosts([...members, alias]), voters);
  assert.deepEqual(
    hosts([alias, members[1]!, members[2]!]),
    ["db.internal", "pg2", "pg3"],
    "it has no other name here",
  );
  const wrong = clusterOf({ nodes: { pg3: { partners: ["db.internal", "pg2", "pg3"] } } }).members;
  assert.deepEqual(hosts([...wrong, alias]), [...voters, "db.internal"]);
});

test("a name that cannot be a host's is not asked, and an answer that is not understood counts neither as silence nor as a status", async () => {
  const odd = says("pg1", { partners: ["pg1", "pg2", "pg3", "$(reboot)", "a b", "\u001b[2J"] });
  const answers: Record<string, unknown> = {
    localhost: odd,
    pg2: { ...says("pg2"), component: "postgres-node-of-2030" },
    pg3: { ...says("pg3"), paused: "a bit" },
  };
  const asked = new Set<string>();
  const answer = (host: string) => {
    asked.add(host);
    const body = answers[host === "pg1" ? "localhost" : host];
    return body === undefined
      ? Promise.reject(new Error("no route"))
      : Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(body) });
  };
  const peers = { names: { learn: () => {} }, getText: () => Promise.resolve("{}"), getAnswer: answer };
  const context = { clock: new FakeClock() };
  const cluster = await gather({ context, peers, named: [], askMs: 1 } as unknown as Session);
  assert.deepEqual([...asked].filter((host) => !/^[a-z0-9]+$/.test(host)), []);
  const errors = cluster.members.flatMap((m) => "error" in m ? [m.error] : []);
  assert.equal(errors.length, 2);
  for (const error of errors) {
    assert.match(error, /^it answers, and its \/status is not understood here: (component|paused): .*$/);
  }
  const found = diagnose(cluster).filter((f) => f.about === "pg3").map((f) => f.what);
  assert.match(found[0]!, /^is not understood: it answers/);
});

test("what answers in the place of a container as if it were a node by another name is not left out for a decision, unless it signs", async () => {
  const said = { pg1: says("pg1"), pg2: says("pg2"), pg3: says("pg3"), backup: says("pg2"), alias: says("pg3") };
  const of = (host: string) => said[host === "localhost" ? "pg1" : host as keyof typeof said];
  const answer = (host: string) => Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(of(host)) });
  const peers = { names: { learn: () => {} }, getText: () => Promise.resolve("{}"), getAnswer: answer };
  const forged = { seen: "unreachable", error: "it is not signed", stranger: true };
  const client = {
    askNode: (host: string) =>
      Promise.resolve({ host, ...host === "backup" ? forged : { seen: "reached", status: of(host) } }),
  };
  const named = ["backup", "alias"];
  const session = { context: { clock: new FakeClock() }, peers, client, named, askMs: 1 } as unknown as Session;
  const cluster = await gatherSigned(session);
  assert.deepEqual(cluster.members.map((m) => m.host), ["backup", "pg1", "pg2", "pg3"]);
  assert.throws(() => requireAll(cluster, ["backup"]), { why: "backup: it is not signed" });
  assert.throws(() => requireAll(clusterOf(), ["alias"]), {
    why: /^alias: a node answers there that has another name$/,
  });
  requireAll(clusterOf(), ["pg2"]);
  assert.deepEqual(othersKeys(cluster), []);
  forged.error = errorText(new HttpError("/control/status", 401, refusals.signature));
  assert.deepEqual(othersKeys(await gatherSigned(session)), ["backup"], "its file may change yet");
});

test("kinds of containers that cannot be seen from here are known, so that a rotation can name them", () => {
  assert.deepEqual(absentOf(clusterOf()), ["pgpool", "barman"]);
  assert.deepEqual(absentOf(clusterOf({ others: { localhost: pool } })), ["barman"]);
});

test("for a decision only nodes count that have signed what they report; others say why they do not", async () => {
  const said = {
    pg1: says("pg1"),
    pg2: says("pg2"),
    pg3: says("pg3", {}, { standby: false, upstream: null, timeline: 999 }),
  };
  said.pg3.lease.held = true;
  const answer = (host: string) => {
    const status = host === "localhost" ? said.pg1 : said[host as keyof typeof said];
    return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(status) });
  };
  const peers = { names: { learn: () => {} }, getText: () => Promise.resolve("{}"), getAnswer: answer };
  const signed = { ...said.pg2, uptimeSeconds: 77 };
  const client = {
    askNode: (host: string) =>
      Promise.resolve(
        host === "pg3"
          ? { host, seen: "unreachable", error: "it is not signed", stranger: true }
          : { host, seen: "reached", status: host === "pg2" ? signed : said.pg1 },
      ),
  };
  const session = { context: { clock: new FakeClock() }, peers, client, named: [], askMs: 1 } as unknown as Session;
  assert.equal((await gather(session)).primary?.host, "pg3", "what it says is shown");
  const cluster = await gatherSigned(session);
  assert.deepEqual(cluster.nodes.map((n) => n.host), ["pg1", "pg2"]);
  assert.equal(cluster.nodes[1]!.status.uptimeSeconds, 77, "the signed one counts");
  assert.notEqual(cluster.primary?.host, "pg3");
  assert.deepEqual(cluster.members.flatMap((m) => "error" in m ? [m.error] : []), ["it is not signed"]);
});
