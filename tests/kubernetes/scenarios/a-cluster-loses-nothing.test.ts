// Promise: the chart's cluster on a real Kubernetes of three machines, under two writers all the time, one through pgpool and one
// through the service of the primary: its pods are deleted, its machines drained and cut off, its pods updated: no acknowledged
// write is lost, the cluster is whole after each, and the services by role lead where they should.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock } from "../../../core/runtime/time.ts";
import { kubectl, machineReady, secondsSince, tryKubectl } from "../../support/kubectl.ts";
import { whileCut } from "../../support/kubernetes-machines.ts";
import { nodes, Release } from "../../support/kubernetes-release.ts";
import { servicesByRole } from "../../support/kubernetes-services.ts";
import { wholeMs } from "../../support/waits.ts";

const release = await Release.prepare("loses-nothing", { consistency: "strict" });
/** longest time without a write that a step may take, of which a machine that was cut off needs most */
const gapMs = 60_000;

after(() => release.end());

test("helm install brings up three nodes, two pools and barman", async () => {
  await release.begin();
  assert.equal((await release.pods("name=database-balancer")).length, 2);
  assert.equal((await release.pods("name=database-backup")).length, 1);
  assert.equal(new Set((await release.pods()).map((p) => p.machine)).size, 3, "one node on each machine");
  assert.match(await release.helm("test", "release"), /Phase:\s+Succeeded/);
  await release.writers.start("pgpool");
  await release.writers.start("rw");
  await servicesByRole(release, await release.whole());
});

test("the pod of the primary is deleted", async () => {
  const before = await release.whole();
  const now = await release.step("pod of the primary deleted", async (primary) => {
    await release.kubectl(["delete", "pod", primary.name]);
    await release.replaced(primary);
  });
  assert.notEqual(now.name, before.name, "another node leads");
  await servicesByRole(release, now);
});

test("the pod of the primary is deleted by force", async () => {
  await release.step("pod of the primary deleted by force", async (primary) => {
    await release.kubectl(["delete", "pod", primary.name, "--force", "--grace-period=0"]);
    await release.replaced(primary);
  });
});

test("both pods of pgpool are deleted, one after the other", async () => {
  for (const pod of await release.pods("name=database-balancer")) {
    await release.step(`${pod.name} deleted`, () => release.kubectl(["delete", "pod", pod.name]));
  }
});

test("the machine of the primary is drained", async () => {
  const before = await release.whole();
  const drain = ["drain", before.machine, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"];
  await release.step("machine of the primary drained, and used again", async (primary) => {
    const from = systemClock.nowMs();
    const drained = await tryKubectl(drain, 130_000);
    assert.equal(drained.code, 0, drained.stderr);
    console.log(`  drained after ${secondsSince(from)} s`);
    await release.writers.written(20);
    await release.replaced(primary);
    await kubectl(["uncordon", before.machine]);
  });
});

test("the machine of the primary is cut off, and comes back", async () => {
  const now = await release.step("machine of the primary cut off, and back", async (primary) => {
    await whileCut(primary.machine, () => release.writers.written(60, wholeMs));
    await machineReady(primary.machine);
  });
  await servicesByRole(release, now);
});

test("all pods are updated: at most two changes of the primary", async () => {
  const primary = await release.whole();
  const timeline = await release.timeline(primary);
  const now = await release.step("all pods updated", async () => {
    await release.install("commonEnv[0].name=LOG_FORMAT", "commonEnv[0].value=text");
    for (const kind of [nodes, "deployment/mysystem-database-pgpool"]) {
      await release.rolledOut(kind, 180);
    }
  });
  const handOvers = await release.timeline(now) - timeline;
  assert.ok(handOvers <= 2, `${handOvers} changes of the primary`);
});

test("no acknowledged write is lost", async () => {
  await release.finish({ atLeast: 300, gapMs });
});
