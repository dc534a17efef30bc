// Promise: an operator's orders work from any container, without SSH; an order that cannot be carried out is refused with its
// reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { aboveUnknown } from "../../core/lease/decide/epoch.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { waitReceiving } from "../support/barman.ts";
import { type Cluster, firstLevel as first, nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { nobodyLeads, operate, pausedWhileOneIsAbsent, resultOf, waitNoLease } from "../support/faults/operator.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const refused = 77;

async function refuses(cluster: Cluster, args: readonly string[], why: RegExp): Promise<void> {
  const { code, stdout, stderr } = await operate(cluster, ...args);
  assert.equal(code, refused, `${args.join(" ")}: ${stdout}${stderr}`);
  assert.match(stdout + stderr, why);
}

async function others(cluster: Cluster): Promise<{ primary: string; one: string; other: string }> {
  const primary = await cluster.waitWhole();
  const [one, other] = first.filter((n) => n !== primary) as [string, string];
  return { primary, one, other };
}

test("switchover: to a node and straight back; refused if the node cannot lead", async () => {
  const cluster = await exampleCluster();
  const { primary, one } = await others(cluster);
  for (const [from, to] of [[primary, one], [one, primary], [primary, one]] as const) {
    const { from: was, to: is } = await resultOf(cluster, "switchover", "--to", to);
    assert.deepEqual([was, is], [from, to]);
  }
  await refuses(cluster, ["switchover", "--to", one], /is the primary already/);
  await refuses(cluster, ["switchover", "--to", "pgslave2"], /only nodes of the first level lead/);
  const shown = await operate(cluster, "show");
  assert.match(shown.stdout, new RegExp(`^lease: held by ${one}, term \\d+`, "m"));
  assert.equal(await cluster.waitWhole(), one);
});

test("pause: no failover, also after a restart, until resume; a node that was absent then does not bring it back", async () => {
  await pausedWhileOneIsAbsent(await exampleCluster(), nodes);
});

test("reinit: a standby is cloned again, a primary is not", async () => {
  const cluster = await exampleCluster();
  const { primary, one } = await others(cluster);
  await refuses(cluster, ["reinit", primary], /is the primary, or about to be/);
  assert.deepEqual(await resultOf(cluster, "reinit", one), { schema: 1, node: one, streaming: true });
  assert.equal(await cluster.waitWhole(), primary);
  const { stdout } = await operate(cluster, "history");
  assert.match(stdout, new RegExp(`Rejoined, way clone, from ${primary}.*: an operator asked for a new clone`));
});

test("failover --force: a node leads without a majority after --yes, until a majority is back", async () => {
  const cluster = await exampleCluster();
  const { primary, one, other } = await others(cluster);
  await Promise.all([cluster.kill(primary), cluster.kill(one)]);
  await waitNoLease(cluster, [other]);
  const force = ["failover", "--force", other];
  await refuses(
    cluster,
    force,
    new RegExp(`would become primary without a majority: no answer from .*${primary}.*would be lost`),
  );
  await nobodyLeads(cluster, [other]);
  assert.equal((await resultOf(cluster, ...force, "--yes")).primary, other);
  await cluster.psql(other, "drop table if exists forced; create table forced as select 1 as n");
  assert.match((await operate(cluster, "show")).stdout, new RegExp(`${other} was forced to become primary`));
  await Promise.all([cluster.start(primary), cluster.start(one)]);
  assert.equal(await cluster.waitWhole(), other);
  await cluster.waitEach([other], "the majority to count again", ({ forced }) => !forced);
  assert.equal(await cluster.psql(other, "select count(*) from forced"), "1");
  for (const node of [primary, one]) {
    const has = async () => await cluster.psql(node, "select count(*) from forced").catch(() => "") === "1";
    await waitUntil(has, { what: `${node} to have what was written`, deadlineMs: wholeMs }, deps);
  }
  await cluster.psql(other, "drop table forced");
  const { stdout } = await operate(cluster, "history");
  for (const event of ["Handed over", "Automatic failover paused", "Forced failover", "A majority counts again"]) {
    assert.match(stdout, new RegExp(event));
  }
});

test("of two nodes forced one after the other, the second leads on under a greater epoch than the first had", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  // unless a node of the second level has seen the first number, the second node takes the smaller one
  const known = (await cluster.answer(primary)).postgres.timeline!;
  const numberOf = (host: string) => aboveUnknown(known, { host, partners: first });
  const [early, late] = first.filter((n) => n !== primary).toSorted((a, b) => numberOf(b) - numberOf(a)) as [
    string,
    string,
  ];
  const force = async (node: string) => {
    await waitNoLease(cluster, [node]);
    assert.equal((await resultOf(cluster, "failover", "--force", node, "--yes")).primary, node);
    return (await cluster.answer(node)).postgres.timeline!;
  };
  await Promise.all([cluster.kill(primary), cluster.kill(late)]);
  const passed = await force(early);
  await waitReceiving(cluster, early);
  await cluster.kill(early);
  await cluster.start(late);
  const ready = async () => (await cluster.nodeStatus(late).catch(() => null))?.postgres.role === "standby";
  await waitUntil(ready, { what: `${late} to run as a standby`, deadlineMs: wholeMs }, deps);
  await force(late);
  await cluster.psql(late, "create table forced_late as select 1 as n");
  await cluster.start(early); // of the voters only this one knows its number
  await cluster.waitEach([late], "the majority to count again", ({ forced }) => !forced);
  await cluster.start(primary);
  assert.equal(await cluster.waitWhole(), late);
  assert.ok((await cluster.answer(late)).postgres.timeline! > passed);
  assert.equal(await cluster.psql(late, "select count(*) from forced_late"), "1");
  await cluster.psql(late, "drop table forced_late");
  assert.equal(await cluster.waitWhole(), late);
  await waitReceiving(cluster, late); // although what it received last is in nobody's history
});
