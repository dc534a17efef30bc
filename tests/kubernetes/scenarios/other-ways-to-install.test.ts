// Promise: what is offered beside the chart's defaults runs on a real Kubernetes, too: both plain examples, two nodes with a pgpool that
// votes, and a Prometheus that finds the pods by their annotations. Under a writer no acknowledged write is lost.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { secondsSince } from "../../support/kubectl.ts";
import { Example, exampleNamespace, volumesOf } from "../../support/kubernetes-examples.ts";
import { PodPrometheus } from "../../support/kubernetes-prometheus.ts";
import { chart, everyPod, Release } from "../../support/kubernetes-release.ts";
import type { Sample } from "../../support/prometheus.ts";
import { wholeMs } from "../../support/waits.ts";

const deps = { clock: systemClock };
/** longest time without a write that a step may take */
const gapMs = 60_000;

/** Deletes the pod of the primary, as a step. */
async function withoutPrimary(release: Release, count: number): Promise<void> {
  const before = await release.whole(count);
  const now = await release.step("pod of the primary deleted", async (primary) => {
    await release.kubectl(["delete", "pod", primary.name]);
    await release.replaced(primary);
  }, [count, count]);
  assert.notEqual(now.name, before.name, "another node leads");
}

const examples = [
  { name: "example1-basic-multilevel", count: 5, service: "pgpool-service" },
  { name: "example2-single-statefulset", count: 3, service: "pgpool" },
];

for (const { name, count, service } of examples) {
  test(`${name}: applied, the pod of the primary deleted, and all of it deleted`, async () => {
    const release = await Release.prepare(exampleNamespace, {}, "mysystem");
    const example = await Example.prepare(name);
    try {
      const from = systemClock.nowMs();
      await example.apply();
      await release.whole(count, 4 * wholeMs);
      console.log(`ready ${secondsSince(from)} s after kubectl apply`);
      assert.equal((await release.pods("name=database-balancer")).length, 2);
      await release.writers.start(service);
      await withoutPrimary(release, count);
      await release.writers.finish(await release.target((await release.whole(count)).address!), { atLeast: 50, gapMs });
      assert.equal((await volumesOf(exampleNamespace)).length, count);
      await example.delete();
      const gone = async () => (await volumesOf(exampleNamespace)).length === 0;
      await waitUntil(gone, { what: "the volumes to go with the namespace", deadlineMs: wholeMs }, deps);
    } finally {
      await release.end();
    }
  });
}

test("two nodes and a pgpool that votes", async (t) => {
  const release = await Release.prepare("small");
  try {
    const from = systemClock.nowMs();
    const values = ["-f", join(chart, "values-small.yaml"), ...release.values];
    await release.helm("install", "release", chart, ...values);
    await release.whole(2, 4 * wholeMs);
    console.log(`ready ${secondsSince(from)} s after helm install`);
    await release.writers.start("pgpool");
    await release.writers.start("rw");
    await withoutPrimary(release, 2);
    await release.step("pod of the pgpool that votes deleted", async () => {
      const [pool] = await release.pods("name=database-balancer");
      await release.kubectl(["delete", "pod", pool!.name]);
      await release.replaced(pool!);
    }, [2, 2]);
    await release.writers.finish(await release.target((await release.whole(2)).address!), { atLeast: 100, gapMs });
    await t.test("Prometheus finds every pod by its annotations", () => scraped(release));
  } finally {
    await release.end();
  }
});

/** What only this component shows, by the beginning of its pods' names. */
const own: Readonly<Record<string, string>> = {
  "mysystem-db-node-": "pg_up == 1",
  "mysystem-database-pgpool-": "pgpool2_up == 1",
  "mysystem-barman-node-": "postdock_barman_receiving == 1",
};

async function scraped(release: Release): Promise<void> {
  await using prometheus = await PodPrometheus.start(release);
  const pods = (await release.pods(everyPod)).map((p) => p.name);
  assert.equal(pods.length, 4);
  const podsWith = (samples: readonly Sample[]) => [...new Set(samples.map((s) => s.metric.pod!))].toSorted();
  const up = async () => podsWith(await prometheus.query("up == 1")).join() === pods.join();
  await waitUntil(up, { what: `a good scrape of ${pods}`, deadlineMs: wholeMs }, deps);
  assert.deepEqual(podsWith(await prometheus.query('count by (pod) ({__name__=~"postdock_.+"})')), pods);
  for (const [prefix, series] of Object.entries(own)) {
    const expected = pods.filter((p) => p.startsWith(prefix));
    assert.notEqual(expected.length, 0, prefix);
    const shown = async () => podsWith(await prometheus.query(series)).join() === expected.join();
    await waitUntil(shown, { what: `${series} of ${expected}`, deadlineMs: wholeMs }, deps);
  }
  const [leases] = await prometheus.query("sum(postdock_lease_held)");
  assert.equal(leases?.value, 1, "one node holds the lease");
}
