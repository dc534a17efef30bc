// Promise: an operator's orders work from any container, without SSH; an order that cannot be carried out is refused with its
// reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { aboveUnknown } from "../../core/lease/decide/epoch.ts";
import type { CommandResult } from "../../core/runtime/command.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { waitReceiving } from "../support/barman.ts";
import { type Cluster, firstLevel as first, nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { nothingMs, staysTrueFor, successionMs, wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const refused = 77;

/** `postdock cluster …` in the container of pgpool, which has no database of its own. */
async function operate(cluster: Cluster, ...args: readonly string[]): Promise<CommandResult> {
  return await tryExec(await cluster.container("pgpool"), ["postdock", "cluster", ...args], 90_000);
}

/** The JSON that a successful command prints. */
async function resultOf(cluster: Cluster, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await operate(cluster, ...args, "--json");
  assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}

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

/** Checks that none of these nodes becomes primary although the lease is free. */
async function nobodyLeads(cluster: Cluster, among: readonly string[]): Promise<void> {
  let seen: string | null = null;
  const nobody = async () => (seen = await cluster.primary(among)) === null;
  await staysTrueFor(nothingMs, nobody, { what: `none of ${among.join(", ")} leads`, why: () => `${seen} does` });
}

/** Waits until the last grant has run out at these voters, and no node has the lease. */
async function waitNoLease(cluster: Cluster, among: readonly string[]): Promise<void> {
  await cluster.waitEach(among, "the lease to run out", ({ lease }) => lease.grantedTo === null, 20_000);
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
  const cluster = await exampleCluster();
  const { primary, one, other } = await others(cluster);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(20);
  try {
    assert.equal((await resultOf(cluster, "pause")).paused, true);
    await cluster.kill(primary);
    await cluster.kill(one);
    await cluster.start(one);
    await waitNoLease(cluster, [other]);
    await cluster.waitEach([one], "the standby that was started again", ({ postgres }) => postgres.role === "standby");
    await waitNoLease(cluster, [one, other]);
    await nobodyLeads(cluster, [one, other]);
    assert.match((await operate(cluster, "show")).stdout, /automatic failover is paused; `postdock cluster resume`/);
  } finally {
    assert.equal((await resultOf(cluster, "resume")).paused, false);
  }
  const next = await waitUntil(
    () => cluster.primary([one, other]),
    { what: "a new primary", deadlineMs: 10_000 },
    deps,
  );
  await cluster.start(primary);
  await cluster.waitWhole();
  // the primary that was killed knows the pause from before; no node takes it from there
  await cluster.waitEach(nodes, "automatic failover to be on", ({ paused }) => !paused.on);
  await cluster.kill(next);
  await cluster.waitSuccessor(next, nodes, 2 * successionMs); // the voter of the first one is silent at first
  await cluster.start(next);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(await cluster.waitWhole()))! });
  assertLedger("pause and resume", report, { atLeast: 20, gapMs: 60_000 });
});

test("reinit: a standby is cloned again, a primary is not", async () => {
  const cluster = await exampleCluster();
  const { primary, one } = await others(cluster);
  await refuses(cluster, ["reinit", primary], /only a running standby can be cloned again/);
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
  const known = (await cluster.nodeStatus(primary))!.postgres.timeline!;
  const numberOf = (host: string) => aboveUnknown(known, { host, partners: first });
  const [early, late] = first.filter((n) => n !== primary).toSorted((a, b) => numberOf(b) - numberOf(a)) as [
    string,
    string,
  ];
  const force = async (node: string) => {
    await waitNoLease(cluster, [node]);
    assert.equal((await resultOf(cluster, "failover", "--force", node, "--yes")).primary, node);
    return (await cluster.nodeStatus(node))!.postgres.timeline!;
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
  assert.ok((await cluster.nodeStatus(late))!.postgres.timeline! > passed);
  assert.equal(await cluster.psql(late, "select count(*) from forced_late"), "1");
  await cluster.psql(late, "drop table forced_late");
  assert.equal(await cluster.waitWhole(), late);
  await waitReceiving(cluster, late); // although what it received last is in nobody's history
});
