// Promise: the containers of a cluster go over from the last release to this one, one after the other, in the documented order or
// in another, while a client writes through pgpool: no acknowledged write is lost, and no node leads without an order or a fault.
// A primary that dies in the middle of it is replaced, whichever release the others run, and a step back works.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { defaultHttpPort } from "../../config/http-port.ts";
import { ControlClient } from "../../core/client/control-client.ts";
import { Peers } from "../../core/client/peers.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { patientLeaseSeconds } from "../../tools/scenario-order.ts";
import { root } from "../../tools/terminal.ts";
import { waitReceiving } from "../support/barman.ts";
import { Cluster, firstLevel } from "../support/cluster.ts";
import { discard, startMs } from "../support/clusters.ts";
import { allOf, setEnvironment } from "../support/compose-file.ts";
import { exec, tryExec } from "../support/docker.ts";
import { earlierExecutable, runEarlier } from "../support/last-release.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { onNodes, withMode } from "../support/variants.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const services = [...firstLevel, "pgpool", "backup"] as const;
type Service = typeof services[number];
type Node = typeof firstLevel[number];
/** The key follows from it, as where no CLUSTER_KEY is set: the last release derived it in another way. */
const password = "not-in-any-example";
const earlier = await earlierExecutable();

/** The services that run the last release. */
const old = new Set<Service>();
let cluster: Cluster;
after(() => cluster && discard(cluster));

const prepare = () =>
  Cluster.prepare({
    name: "upgrade",
    edit: allOf(withMode("strict"), onNodes({ LEASE_TTL: patientLeaseSeconds }), (file) => {
      for (const service of services) setEnvironment(file, service, { REPLICATION_PASSWORD: password });
      setEnvironment(file, "pgpool", { BACKENDS: firstLevel.map((host, i) => `${i}:${host}`).join(",") });
      setEnvironment(file, "backup", { REPLICATION_HOST: firstLevel.join(",") });
      if ("path" in earlier) { for (const service of old) runEarlier(file, service, earlier); }
    }),
  });

/** Starts the services, and replaces the containers whose release has changed, as `docker compose up -d` does. */
async function use(): Promise<void> {
  cluster = await prepare();
  await cluster.composeRun(["up", "-d", ...services], 180_000);
}

/** Does it to an empty cluster, whatever an interrupted run has left. */
async function useEmpty(): Promise<void> {
  await (await prepare()).down();
  await use();
}

/** Waits until nothing is missing: every node in its place, the lease, pgpool and barman. */
async function whole(deadlineMs = wholeMs): Promise<{ primary: Node; timeline: number; others: Node[] }> {
  const primary = await cluster.waitWhole(deadlineMs, firstLevel) as Node;
  await cluster.waitLease(firstLevel);
  await cluster.waitPool(firstLevel);
  await waitReceiving(cluster, primary);
  const { timeline } = (await cluster.answer(primary)).postgres;
  return { primary, timeline: timeline!, others: firstLevel.filter((node) => node !== primary) };
}

/** Does one step, and says how long nothing could be written. Returns what is so afterwards. */
async function step(ledger: Ledger, what: string, work: () => Promise<unknown>) {
  const from = systemClock.nowMs();
  await work();
  const now = await whole();
  await ledger.writes(10);
  const gap = ledger.longestGapSince(from) / 1000;
  console.log(`${what}: ${now.primary} leads; longest time without a write ${gap.toFixed(1)} s`);
  return now;
}

/** The other release in these containers. */
const change = (...changed: readonly Service[]) => async () => {
  for (const service of changed) if (!old.delete(service)) old.add(service);
  await use();
};

/** Makes a node the primary, unless it is. */
const switchTo = (node: Node) => async () =>
  await cluster.primary(firstLevel) !== node &&
  await exec(await cluster.container(node), ["postdock", "cluster", "switchover", "--to", node], 60_000);

const writer = async () =>
  await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! }, () => cluster.address("pgpool"));

const reader = async (primary: Node) => ({ ...monkey, host: (await cluster.address(primary))! });

/** Where the last release cannot be had, the tests that need it are skipped. */
const skip = "why" in earlier ? earlier.why : false;
if (skip) console.log(`SKIPPED, with nothing shown about the last release: ${skip}`);

test("standbys, pgpool, barman: the same primary leads; then the primary: nothing is lost", { skip }, async () => {
  for (const service of services) old.add(service);
  await useEmpty();
  const begin = await whole(startMs);
  const { primary, timeline, others } = begin;
  const ledger = await writer();
  await ledger.writes(10);
  for (const changed of [...others.map((node) => [node]), ["pgpool", "backup"]] as Service[][]) {
    const now = await step(ledger, `${changed.join(" and ")} of this release`, change(...changed));
    assert.deepEqual(now, begin, "the same primary leads");
  }
  const end = await step(ledger, `${primary}, the primary, of this release`, change(primary));
  console.log(`${primary} has handed over to ${end.primary}: timeline ${timeline}, then ${end.timeline}`);
  assertLedger("in order", await ledger.finish(await reader(end.primary)), { atLeast: 60, gapMs: wholeMs });
});

test("a step back, and a primary of this release that dies between others: nothing is lost", { skip }, async () => {
  const { primary, others: [first, second] } = await whole();
  const ledger = await writer();
  await step(ledger, `${first}, pgpool and barman step back`, change(first!, "pgpool", "backup"));
  await step(ledger, `${primary}, the primary, steps back`, change(primary));
  await step(ledger, `${second} leads, with this release, over two of the last one`, switchTo(second!));
  await cluster.kill(second!);
  const next = await cluster.waitSuccessor(second!, firstLevel, wholeMs) as Node;
  assert.ok(old.has(next), "one of the last release leads");
  const { primary: last } = await step(ledger, `${second}, killed, comes back`, () => cluster.start(second!));
  assertLedger("in another order", await ledger.finish(await reader(last)), { atLeast: 40, gapMs: wholeMs });
});

test("all of this release: the cluster is whole, and doctor and cluster show are content", async () => {
  old.clear();
  await ("path" in earlier ? use() : useEmpty());
  await whole(startMs);
  const node = await cluster.container(firstLevel[1]);
  let said = "";
  const content = async () => {
    const doctor = await tryExec(node, ["postdock", "cluster", "doctor"]);
    said = doctor.stdout + doctor.stderr;
    return doctor.code === 0 && !/^error/m.test(said);
  };
  await waitUntil(content, { what: "doctor to find no error", deadlineMs: wholeMs, why: () => said }, deps);
  assert.match(await exec(node, ["postdock", "cluster", "show"]), /lease: held by/);
  const quick = createHmac("sha256", password).update("postdock control key 1").digest("hex");
  const asker = new ControlClient([quick], new Peers(systemClock, defaultHttpPort), systemClock);
  for (const service of services) {
    const address = (await cluster.address(service))!;
    assert.ok(await asker.answers(address, 10_000), `${service} answers in the key of the last release`);
    const { statuses } = JSON.parse(await readFile(join(root, "core/protocol/releases/2.0.0.json"), "utf8"));
    const status = (await cluster.status(service))!;
    const kind = status.component === "postgres-node" ? status.postgres.role : status.component;
    assert.deepEqual(lacking(statuses[kind], status), [], `${service} says all that agents of the last release read`);
  }
});

/** The fields of `was` that `is` has not, or has of another type. */
function lacking(was: unknown, is: unknown, path = ""): string[] {
  if (was === null || is === null) return [];
  if (Array.isArray(was) && Array.isArray(is)) {
    return was.length > 0 && is.length > 0 ? lacking(was[0], is[0], `${path}[]`) : [];
  }
  if (typeof was !== typeof is || Array.isArray(was) !== Array.isArray(is)) return [path];
  if (typeof was !== "object") return [];
  return Object.entries(was).flatMap(([name, value]) =>
    lacking(value, (is as Record<string, unknown>)[name], `${path}.${name}`)
  );
}
