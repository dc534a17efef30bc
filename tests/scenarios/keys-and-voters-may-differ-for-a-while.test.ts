// Promise: CLUSTER_KEY is changed node by node without losing the lease; a node with a wrong key, or with other voters, costs
// nothing but its vote, and `cluster doctor` names it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster } from "../support/cluster.ts";
import { logsOf, tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";

const nodes = ["pgmaster", "pgslave1", "pgslave3"];
const deps = { clock: systemClock };
const oldKey = "the-old-key-of-32-characters-abc";
const newKey = "the-new-key-of-32-characters-xyz";

interface Given {
  key: string;
  partners?: string;
}

/** The three nodes, each with what it is given; a node whose part is as before is not touched. */
async function use(given: Readonly<Record<string, Given>>): Promise<Cluster> {
  const edit = (yaml: string) =>
    nodes.reduce((text, node) => {
      const { key, partners = nodes.join(",") } = given[node]!;
      return text.replace(
        new RegExp(`(  ${node}:\\n(?:    .*\\n)*?)      PARTNER_NODES: .*\\n`),
        `$1      PARTNER_NODES: "${partners}"\n      CLUSTER_KEY: "${key}"\n`,
      );
    }, yaml);
  const cluster = await Cluster.prepare({ name: "keys", compose: "v2", edit });
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

/** Recreates one node with what it is given now, and waits until the cluster is whole and every voter grants again. */
async function change(node: string, now: Given): Promise<void> {
  given = { ...given, [node]: now };
  cluster = await use(given);
  const primary = await cluster.waitWhole(90_000, nodes);
  // each voter is asked itself: the holder knows of a refusal only once a voter that was away answers again
  await cluster.waitEach(nodes, `every voter to grant to ${primary}`, ({ lease }) => lease.grantedTo === primary);
}

const isPrimary = async (node: string) => await cluster.primary(nodes) === node;

/** The standbys first: each change of the primary is a hand-over. */
async function changeAll(key: string): Promise<void> {
  const primary = await cluster.waitWhole(90_000, nodes);
  for (const node of [...nodes.filter((n) => n !== primary), primary]) await change(node, { key });
}

async function fences(): Promise<string[]> {
  const logs = await Promise.all(nodes.map(async (n) => await logsOf(await cluster.container(n))));
  return logs.flatMap((log) => log.split("\n").filter((line) => line.includes('"event":"Fenced"')));
}

test("a key is changed node by node under a writer, and no lease runs out", async () => {
  cluster = await use(given);
  await cluster.down(); // what a run that was cut off has left
  cluster = await use(given);
  const primary = await cluster.waitWhole(90_000, nodes);
  await change(primary, given[primary]!);
  let entry = primary;
  const ledger = await Ledger.start(
    { ...monkey, host: (await cluster.address(primary))! },
    async () => await cluster.address(entry = await cluster.primary(nodes) ?? entry),
  );
  await changeAll(`${oldKey} ${newKey}`);
  assert.deepEqual(await fences(), []);
  await changeAll(`${newKey} ${oldKey}`);
  assert.deepEqual(await fences(), []);
  const standby = nodes.find((n) => n !== entry)!;
  await change(standby, { key: newKey }); // the old key is nobody's any more
  assert.deepEqual(await fences(), []);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address((await cluster.primary(nodes))!))! });
  assert.deepEqual(report.missing, []);
});

test("a wrong key and other voters cost a vote and are named; the primary goes on", async () => {
  const primary = await cluster.waitWhole(90_000, nodes);
  const [one, other] = nodes.filter((n) => n !== primary) as [string, string];
  const right = { key: `${newKey} ${oldKey}` };
  cluster = await use(given = { ...given, [one]: { key: "a-key-of-nobody-else-0123456789" } });
  await doctor(cluster, primary, new RegExp(`does not grant the lease: ${one}: .*CLUSTER_KEY`));
  await change(one, right);
  cluster = await use(given = { ...given, [other]: { ...right, partners: `${other},elsewhere,nowhere` } });
  await doctor(cluster, primary, /the nodes name different voters/);
  assert.ok(await isPrimary(primary));
  await change(other, right);
  assert.ok(await isPrimary(primary));
  assert.deepEqual(await fences(), []);
  await cluster.down();
});
