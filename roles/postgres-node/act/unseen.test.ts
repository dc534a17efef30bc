// A server whose agent is not let in: what is said, and who leads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { node as findingsOf } from "../../../cli/cluster/diagnose-node.ts";
import { cluster, says } from "../../../tests/support/fake-cluster.ts";
import { endLife, type FakeNode, fakeNode } from "../../../tests/support/fake-node.ts";
import { nodeHttp } from "../http/probes.ts";
import { runNode } from "../life.ts";
import { statusOf } from "../node.ts";
import { refusedHere } from "../observe/trouble.ts";

const refusal = () => Object.assign(new Error('password authentication failed for user "postgres"'), { code: "28P01" });

const because = 'PostgreSQL does not let the agent of this node in: password authentication failed for user "postgres"';

const refuse = (f: FakeNode) => {
  const { look } = f.node.doors.server;
  f.node.doors.server.look = () => Promise.reject(refusal());
  return () => void (f.node.doors.server.look = look);
};

test("a standby that starts and does not let its agent in says so, with the fix, and counts as unhealthy in time", async () => {
  const f = fakeNode({ REPMGR_WAIT_POSTGRES_START_TIMEOUT: "20" });
  f.world.others.set("pg2", says("pg2", { lease: { ...says("pg2").lease, held: true } }, { standby: false }));
  f.world.data = cluster({ wasPrimary: false, lastUpstream: "pg2" });
  const letIn = refuse(f);
  const life = runNode(f.node);
  await f.clock.pass(8_000);
  const { trouble } = statusOf(f.node);
  assert.equal(trouble?.because, because);
  assert.match(trouble!.fix, /"local all postgres trust" the first line of pg_hba\.conf in PGDATA of pg1/);
  await f.clock.pass(25_000);
  assert.match(statusOf(f.node).unhealthy!, /not answered its agent for \d+ s.*password authentication failed/);
  const live = await nodeHttp(f.node, { text: () => Promise.resolve("") }).healthz();
  assert.equal(live.ok, true, "it would refuse its agent after a restart too");
  assert.match(live.because, /password authentication failed.*; a restart of this container does not help$/);
  assert.deepEqual(f.world.did.filter((w) => w.startsWith("history")), ["history: The agent cannot see its server"]);
  letIn();
  await f.clock.pass(12_000);
  assert.equal(statusOf(f.node).trouble, null);
  assert.equal(statusOf(f.node).unhealthy, null);
  await endLife(f, life);
});

test("a primary that refuses its agent is named at once, and after a while hands over to a standby that is seen", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(15_000);
  refuse(f);
  await f.clock.pass(10_000);
  const status = statusOf(f.node);
  assert.deepEqual([status.postgres.role, status.trouble?.because], ["unknown", because]);
  assert.equal(findingsOf("pg1", status, { primary: null } as never)[0]!.what, because);
  assert.ok(f.world.held);
  await f.clock.pass(25_000);
  assert.ok(f.world.did.includes("release to pg2"), f.world.did.join());
  assert.ok(f.world.did.includes("history: Handed over"));
  await endLife(f, life);
});

test("it serves on where no standby is seen, where an operator mends it in time, and where it only is silent", async () => {
  const nobody = fakeNode();
  for (const host of ["pg2", "pg3"]) {
    const { postgres, ...rest } = says(host);
    nobody.world.others.set(host, { ...rest, postgres: { ...postgres, role: "unknown" } });
  }
  const mended = fakeNode();
  const silent = fakeNode();
  for (const f of [nobody, mended, silent]) {
    const life = runNode(f.node);
    await f.clock.pass(15_000);
    const letIn = refuse(f);
    if (f === silent) f.node.doors.server.look = () => Promise.reject(new Error("no answer within 3000 ms"));
    await f.clock.pass(25_000);
    assert.notEqual(statusOf(f.node).trouble, null);
    if (f === mended) letIn();
    await f.clock.pass(15_000);
    assert.ok(f.world.held && f.world.runs && !f.world.did.some((w) => w.startsWith("release")), f.world.did.join());
    if (f === mended) assert.equal(statusOf(f.node).trouble, null);
    await endLife(f, life);
  }
});

test("a primary that refuses its agent and has no heir is not restarted for it; one that is silent is", async () => {
  for (const silent of [false, true]) {
    const f = fakeNode();
    for (const host of ["pg2", "pg3"]) f.world.others.set(host, { ...says(host), priority: 0 });
    const life = runNode(f.node);
    await f.clock.pass(15_000);
    refuse(f);
    if (silent) f.node.doors.server.look = () => Promise.reject(new Error("no answer within 3000 ms"));
    await f.clock.pass(200_000);
    assert.ok(f.world.held && f.world.runs, "it serves on");
    assert.notEqual(statusOf(f.node).unhealthy, null);
    const live = await nodeHttp(f.node, { text: () => Promise.resolve("") }).healthz();
    assert.equal(live.ok, !silent, live.because);
    await endLife(f, life);
  }
});

test("a blind primary whose container stops hands over", async () => {
  const f = fakeNode();
  const life = runNode(f.node);
  await f.clock.pass(15_000);
  refuse(f);
  await f.clock.pass(8_000);
  f.stop.abort("SIGTERM");
  await f.clock.pass(1_000);
  await life;
  assert.ok(f.world.did.includes("release to pg2"), f.world.did.join());
});

test("that a new login would be refused is named while the open session still serves", async () => {
  const f = fakeNode();
  f.node.doors.server.login = () => Promise.reject(refusal());
  const life = runNode(f.node);
  await f.clock.pass(8_000);
  const { settings, postgres } = statusOf(f.node);
  assert.deepEqual([postgres.role, settings.map((t) => t.because)], ["primary", [because]]);
  await endLife(f, life);
});

test("what a server refuses is told from a server that starts and from an error of the system", () => {
  const said = (code: string) => refusedHere(Object.assign(new Error("x"), { code }), { host: "pg1" })?.because ?? null;
  for (const login of ["28P01", "28000", "3D000", "53300", "55000"]) {
    assert.equal(said(login), "PostgreSQL does not let the agent of this node in: x", login);
  }
  assert.equal(said("58P01"), "x");
  for (const other of ["57P03", "57014", "EPERM", "ECONNREFUSED", "CONNECT_TIMEOUT"]) assert.equal(said(other), null);
});
