// Promise: two nodes and an observer become three nodes and an observer, and then three nodes, by restarting one container
// after the other. In strict mode no acknowledged write is lost, although primaries are killed in the middle of it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { discard, startMs } from "../support/clusters.ts";
import { setEnvironment } from "../support/compose-file.ts";
import { exec, tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { withMode } from "../support/variants.ts";
import { leaseTtlMs, nothingMs, staysTrueFor, wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const [one, two, added] = nodes;
const observer = "pgpool";
type Node = typeof nodes[number];
type Service = Node | typeof observer;

/** PARTNER_NODES and QUORUM_OBSERVERS before, during and after. */
const two1: Voters = { partners: [one, two], observed: true };
const three1: Voters = { partners: nodes, observed: true };
const three: Voters = { partners: nodes, observed: false };
interface Voters {
  partners: readonly string[];
  observed: boolean;
}

let given: Readonly<Partial<Record<Service, Voters>>> = { [one]: two1, [two]: two1, [observer]: two1 };
let cluster: Cluster;
after(() => cluster && discard(cluster));

/** Starts the containers that are given voters, and replaces those whose voters have changed. */
async function use(changed: Readonly<Partial<Record<Service, Voters>>>): Promise<void> {
  given = { ...given, ...changed };
  cluster = await Cluster.prepare({
    name: "voters",
    edit: (file) => {
      withMode("strict")(file);
      for (const [service, { partners, observed }] of Object.entries(given)) {
        const observers = { QUORUM_OBSERVERS: observer };
        setEnvironment(file, service, { PARTNER_NODES: partners.join(","), ...observed ? observers : {} });
      }
      if (given[observer]?.observed) setEnvironment(file, observer, { CLUSTER_NODE_NETWORK_NAME: observer });
    },
  });
  await cluster.composeRun(["up", "-d", ...Object.keys(given)], 180_000);
}

/** The same, and waits until the node is back and every voter of the primary grants to it. Returns the primary. */
async function change(node: Node, voters: Voters): Promise<Node> {
  await use({ [node]: voters });
  const primary = await cluster.waitWhole(undefined, nodes) as Node;
  const among = given[primary]!.partners;
  await cluster.waitEach(among, `every voter to grant to ${primary}`, ({ lease }) => lease.grantedTo === primary);
  return primary;
}

/** The same for the observer, which is silent for one LEASE_TTL after its start. */
async function changeObserver(voters: Voters): Promise<void> {
  await use({ [observer]: voters });
  const grants = async () => ((await cluster.status(observer))?.uptimeSeconds ?? 0) * 1000 > leaseTtlMs;
  await waitUntil(grants, { what: "the observer to vote again", deadlineMs: wholeMs }, deps);
}

const isPrimary = async (among: readonly string[]) => await cluster.primary(among);

test("strict: from two nodes and an observer to three nodes and the observer, then without it, with primaries killed", async () => {
  await use({});
  await cluster.down(); // left by an interrupted run
  await use({});
  let entry: string = await cluster.waitWhole(startMs, [one, two]);
  await cluster.waitLease([one, two]);
  assert.equal(entry, one);
  const ledger = await Ledger.start(
    { ...monkey, host: (await cluster.address(one))! },
    async () => await cluster.address(entry = await isPrimary(nodes) ?? entry),
  );
  await ledger.writes(20);

  await change(added, three1);
  assert.equal(await change(one, three1), two, "it hands over");
  await exec(await cluster.container(two), ["postdock", "cluster", "switchover", "--to", one], 60_000);
  await staleConfigurationDoesNotLead(ledger);

  const primary = await change(two, three1);
  await changeObserver(three1);
  await ledger.writes(20);
  await cluster.kill(primary);
  await cluster.waitSuccessor(primary, nodes, wholeMs);
  await cluster.start(primary);
  await withoutObserver(ledger);
  const report = await ledger.finish({
    ...monkey,
    host: (await cluster.address(await cluster.waitWhole(undefined, nodes)))!,
  });
  assertLedger("strict, other nodes and voters", report, { atLeast: 100, gapMs: wholeMs });
});

/**
 * The observer is taken out of the voters, on one node after the other. In the middle the primary dies: the node that has been
 * changed is no majority for the other, which has to lead with the observer.
 */
async function withoutObserver(ledger: Ledger): Promise<void> {
  const primary = await cluster.waitWhole(undefined, nodes) as Node;
  const [standby, last] = nodes.filter((n) => n !== primary) as [Node, Node];
  await change(standby, three);
  await ledger.writes(20);
  await cluster.kill(primary);
  assert.equal(await cluster.waitSuccessor(primary, nodes, wholeMs), last);
  await change(primary, three);
  await use({ [last]: three, [observer]: three });
  await cluster.waitWhole(undefined, nodes);
  await ledger.writes(20);
}

/**
 * The primary counts on three nodes, and its commits are on the added one. The other node still counts on two, of which each
 * has every commit, and with the observer it is a majority. It must not lead without one of those that know better.
 */
async function staleConfigurationDoesNotLead(ledger: Ledger): Promise<void> {
  const quorum = async () => await cluster.psql(one, "show synchronous_standby_names") === 'ANY 1 ("node2", "node4")';
  await waitUntil(quorum, { what: "commits to wait for either of two", deadlineMs: wholeMs }, deps);
  const inTwo = async (signal: string) =>
    await tryExec(await cluster.container(two), ["bash", "-c", `pkill -${signal} -f 'postgres: .*walreceiver'`]);
  await cluster.waitWhole(undefined, nodes);
  assert.equal((await inTwo("STOP")).code, 0);
  await ledger.writes(20);
  await Promise.all([cluster.kill(one), cluster.kill(added)]);
  await inTwo("KILL");
  let seen: string | null = null;
  const nobody = async () => (seen = await isPrimary([two])) === null;
  await staysTrueFor(2 * nothingMs, nobody, { what: "no node leads that has not all", why: () => `${seen} does` });
  await cluster.start(added);
  assert.equal(await cluster.waitSuccessor(one, [two, added], wholeMs), added);
  await cluster.start(one);
  await cluster.waitWhole(undefined, nodes);
  await ledger.writes(20);
}
