// Promise: a pod that is deleted by force while its machine is cut off goes on there, and Kubernetes starts a second one of its name
// on the same volume. The second one touches nothing, votes for nobody and waits; no write is lost, whatever dies meanwhile.
import assert from "node:assert/strict";
import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ExitCode } from "../../../core/words/errors.ts";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { kubectl, machineReady, type Pod } from "../../support/kubectl.ts";
import { whileCut } from "../../support/kubernetes-machines.ts";
import { Release } from "../../support/kubernetes-release.ts";
import { wholeMs } from "../../support/waits.ts";

const deps = { clock: systemClock };
const namespace = "two-pods";
const storageClass = "any-machine";
const release = await Release.prepare(namespace, {
  consistency: "strict",
  "postgres.persistence.storageClass": storageClass,
});
/** All machines have this directory, as they would have a volume of the network. */
const directory = await mkdtemp(join(tmpdir(), "postdock-volumes-"));
const volumes = [0, 1, 2].map((i) => `${namespace}-${i}`);

after(async () => {
  await release.end();
  await kubectl(["delete", "persistentvolume", "--ignore-not-found", ...volumes], { timeoutMs: 60_000 });
  await rm(directory, { recursive: true });
});

/** A volume that Kubernetes attaches to any machine, and to two at once if it is told that a pod is gone. */
async function makeVolume(name: string, i: number): Promise<void> {
  const path = join(directory, name);
  await mkdir(path);
  await chown(path, 999, 999);
  const object = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: "10Gi" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: storageClass,
      persistentVolumeReclaimPolicy: "Retain",
      claimRef: { namespace, name: `db-data-mysystem-db-node-${i}` },
      hostPath: { path },
    },
  };
  await kubectl(["apply", "-f", "-"], { timeoutMs: 30_000, input: JSON.stringify(object) });
}

/** What the container of this pod has ended with, and said before that; null: it has not ended yet. */
async function ended(name: string): Promise<{ code: number; said: string } | null> {
  const path = "{.status.containerStatuses[0].lastState.terminated.exitCode}";
  const code = await release.kubectl(["get", "pod", name, "-o", `jsonpath=${path}`]);
  return code === "" ? null : { code: Number(code), said: await release.kubectl(["logs", "--previous", name]) };
}

/** While its machine is cut off, and takes no new pod: its own is to come back on another one. */
async function withoutMachineOf({ machine }: Pod, work: () => Promise<void>): Promise<void> {
  await kubectl(["cordon", machine]);
  try {
    await whileCut(machine, work);
  } finally {
    await kubectl(["uncordon", machine]);
  }
  await machineReady(machine);
}

test("the primary's machine is cut off, and its pod deleted by force: the second pod of its name waits for the volume", async () => {
  for (const [i, name] of volumes.entries()) await makeVolume(name, i);
  await release.begin();
  await release.writers.start("pgpool");
  await release.step("two pods of the name of the primary", async (primary) => {
    await withoutMachineOf(primary, async () => {
      await release.kubectl(["delete", "pod", primary.name, "--force", "--grace-period=0"]);
      await release.replaced(primary);
      const look = () => ended(primary.name);
      const { code, said } = await waitUntil(
        look,
        { what: "the second pod to end", deadlineMs: 2 * wholeMs },
        deps,
      );
      assert.equal(code, ExitCode.refused, said);
      assert.match(said, /The volume at \S+ is in use by container \S+ \(node mysystem-db-node-\d\)/);
      assert.doesNotMatch(said, /"event":"(Process started","process":"postgres|Lease granted)/);

      // and the one that leads now dies as well
      const others = (await release.pods()).filter((p) => p.name !== primary.name);
      const next = await release.primaryAmong(others);
      await release.kubectl(["delete", "pod", next.name]);
      await release.replaced(next);
      await release.writers.pgpool.writes(100, 2 * wholeMs);
    });
  });
});

test("no acknowledged write is lost", async () => {
  await release.finish({ atLeast: 300, gapMs: 2 * wholeMs });
});
