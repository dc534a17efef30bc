// Promise: CLUSTER_KEY and LEASE_TTL can be changed node by node without losing the lease. A node with a wrong key or other
// voters only loses its vote, and `cluster doctor` names it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { discard, startMs } from "../support/clusters.ts";
import { setEnvironment } from "../support/compose-file.ts";
import { logsOf, tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const oldKey = "the-old-key-of-32-characters-abc";
const newKey = "the-new-key-of-32-characters-xyz";

interface Given {
  key: string;
  partners?: string;
  /** LEASE_TTL */
  ttl?: number;
}

/** Starts the three nodes, each with its own variables; a node whose variables have not changed stays as it is. */
async function use(given: Readonly<Record<string, Given>>): Promise<Cluster> {
  const cluster = await Cluster.prepare({
    name: "keys",
    edit: (file) => {
      for (const node of nodes) {
        const { key, partners = nodes.join(","), ttl } = given[node]!;
        setEnvironment(file, node, { PARTNER_NODES: partners, CLUSTER_KEY: key, ...ttl ? { LEASE_TTL: ttl } : {} });
      }
    },
  });
  await cluster.composeRun(["up", "-d", ...nodes], 180_000);
  return cluster;
}

async function doctor(cluster: Cluster, from: string, expected: RegExp): Promise<void> {
  let said = "";
  await waitUntil(
    async () => {
      const result = await tryExec(await cluster.container(from), ["postdock", "cluster", "doctor"]);
      said = result.stdout + result.stderr;
      return expected.test(said);
    },
    { what: `doctor to say ${expected}`, deadlineMs: 30_000, everyMs: 1_000, why: () => said },
    deps,
  );
}

let given = Object.fromEntries(nodes.map((n): [string, Given] => [n, { key: oldKey }]));
let cluster: Cluster;
after(() => cluster && discard(cluster));

/** The fence's lines in the logs of containers that have been replaced since. */
const fencedBefore: string[] = [];

/** Replaces one node's container by one with its present variables. What the old one logged at its end counts too. */
async function replace(node: string, now: Given): Promise<void> {
  await cluster.composeRun(["stop", node]);
  fencedBefore.push(...await fencesOf(node));
  cluster = await use(given = { ...given, [node]: now });
}

/** The same, and waits until the cluster is whole and every voter grants again. */
async function change(node: string, now: Given): Promise<void> {
  await replace(node, now);
  const primary = await cluster.waitWhole(undefined, nodes);
  // each voter is asked directly: the holder learns of a refusal only once a voter that was away answers again
  await cluster.waitEach(nodes, `every voter to grant to ${primary}`, ({ lease }) => lease.grantedTo === primary);
}

const isPrimary = async (node: string) => await cluster.primary(nodes) === node;

/** The standbys first: each change of the primary is a hand-over. */
async function changeAll(now: Given): Promise<void> {
  const primary = await cluster.waitWhole(undefined, nodes);
  for (const node of [...nodes.filter((n) => n !== primary), primary]) await change(node, now);
}

async function fencesOf(node: string): Promise<string[]> {
  const lines = (await logsOf(await cluster.container(node))).split("\n");
  return lines.filter((l) => /"event":"(Fenced|Lease lost|The fence process has ended PostgreSQL)"/.test(l));
}

async function assertNoFence(): Promise<void> {
  assert.deepEqual([...fencedBefore, ...(await Promise.all(nodes.map(fencesOf))).flat()], []);
}

/** A writer on the primary, wherever that is, while `changes` are made. */
async function whileWriting(what: string, changes: () => Promise<void>): Promise<void> {
  let entry: string = await cluster.waitWhole(startMs, nodes);
  await cluster.waitLease(nodes);
  const ledger = await Ledger.start(
    { ...monkey, host: (await cluster.address(entry))! },
    async () => await cluster.address(entry = await cluster.primary(nodes) ?? entry),
  );
  await ledger.writes(40);
  await changes();
  await ledger.writes(40);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address((await cluster.primary(nodes))!))! });
  // each change of the primary is a hand-over; the writer finds its new address by itself
  assertLedger(what, report, { atLeast: 80, gapMs: successionMs });
}

test("a key and LEASE_TTL are changed node by node under a writer, and no lease runs out", async () => {
  cluster = await use(given);
  await cluster.down(); // left by an interrupted run
  cluster = await use(given);
  await whileWriting("keys and LEASE_TTL changed node by node", async () => {
    await changeAll({ key: `${oldKey} ${newKey}`, ttl: 4 }); // raised
    await assertNoFence();
    await changeAll({ key: `${newKey} ${oldKey}`, ttl: 2.5 }); // and lowered
    await assertNoFence();
    const primary = await cluster.primary(nodes);
    await change(nodes.find((n) => n !== primary)!, { key: newKey }); // no node has the old key any more
    await assertNoFence();
  });
});

test("a node with a wrong key or other voters only loses its vote and is named; the primary goes on", async () => {
  const primary = await cluster.waitWhole(undefined, nodes);
  const [one, other] = nodes.filter((n) => n !== primary) as [string, string];
  const right = { key: newKey };
  await replace(one, { key: "a-key-of-nobody-else-0123456789" });
  await doctor(cluster, primary, new RegExp(`does not grant the lease: ${one}: .*CLUSTER_KEY`));
  await change(one, right);
  await replace(other, { ...right, partners: `${other},elsewhere,nowhere` });
  await doctor(cluster, primary, new RegExp(`PARTNER_NODES differs: .* on ${other}`));
  assert.ok(await isPrimary(primary));
  await change(other, right);
  assert.ok(await isPrimary(primary));
  await assertNoFence();
});
