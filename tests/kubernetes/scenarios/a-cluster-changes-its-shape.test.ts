// Promise: on a real Kubernetes a cluster grows from three nodes to five and shrinks again, a machine is lost for good, the release
// is uninstalled and installed again, and a moment is restored, each as docs/kubernetes.md says: no acknowledged write is lost.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { endMachine } from "../../../tools/kubernetes/machine.ts";
import { replaceMachine } from "../../../tools/kubernetes.ts";
import { queryOnce } from "../../support/ledger.ts";
import { kubectl, machineReady, secondsSince } from "../../support/kubectl.ts";
import { placeOf } from "../../support/kubernetes-machines.ts";
import { everyPod, Release } from "../../support/kubernetes-release.ts";
import { wholeMs } from "../../support/waits.ts";

const deps = { clock: systemClock };
const release = await Release.prepare("changes-shape", { consistency: "strict" });
const barman = "mysystem-barman-node-0";

after(() => release.end());

test("three nodes become five, one at a time, and three again", async () => {
  await release.begin();
  await release.writers.start("pgpool");
  await assert.rejects(release.install("postgres.replicas=5"), /two majorities could have no common voter/);
  for (const [was, is] of [[3, 4], [4, 5], [5, 4], [4, 3]] as const) {
    await release.step(`from ${was} nodes to ${is}`, async (primary) => {
      const last = `mysystem-db-node-${was - 1}`;
      if (is < was && primary.name === last) {
        await release.postdock(primary.name, ["cluster", "switchover"], 2 * wholeMs);
      }
      await release.install(`postgres.replicas=${is}`);
      await release.rolledOut();
    }, [was, is]);
  }
});

test("a node that had gone comes back with its old volume", async () => {
  await release.step("from 3 nodes to 4, on the volume of before", async () => {
    await release.install("postgres.replicas=4");
    await release.rolledOut();
  }, [3, 4]);
  await release.step("from 4 nodes to 3 again", async () => {
    await release.install();
    await release.rolledOut();
  }, [4, 3]);
});

test("the machine of the primary is lost for good, and later replaced", async () => {
  let machine = "";
  await release.step("machine of the primary lost for good", async (primary) => {
    machine = primary.machine;
    await endMachine(placeOf(machine));
    await release.writers.written(20);
    // as docs/kubernetes.md says
    const lost = (await release.pods(everyPod)).filter((p) => p.machine === machine);
    await kubectl(["delete", "node", machine]);
    const claims = [`db-data-${primary.name}`, ...lost.some((p) => p.name === barman) ? [`barman-data-${barman}`] : []];
    await release.kubectl(["delete", "pvc", "--wait=false", ...claims]);
    await release.kubectl(["delete", "pod", "--force", "--grace-period=0", ...lost.map((p) => p.name)]);
    await release.replaced(primary);
  });
  await replaceMachine(placeOf(machine));
  await machineReady(machine);
});

test("uninstalled and installed again, all data are there", async () => {
  await release.step("uninstalled and installed again", async () => {
    await release.helm("uninstall", "release", "--wait");
    const gone = async () => (await release.pods(everyPod)).length === 0;
    await waitUntil(gone, { what: "all pods to end", deadlineMs: 2 * wholeMs }, deps);
    await release.install();
  });
  await release.finish({ atLeast: 300, gapMs: 3 * wholeMs });
});

test("a moment is restored", async () => {
  const primary = await release.whole();
  const target = await release.target(primary.address!);
  await queryOnce(target, (sql) => sql.unsafe("create table kept (id int); insert into kept values (1)"));
  await release.postdock(barman, ["barman", "backup"], 3 * wholeMs);
  await queryOnce(target, (sql) => sql.unsafe("insert into kept values (2)"));
  // asked once the row is committed: an LSN from within its transaction is before its end
  const [row] = await queryOnce(target, (sql) => sql.unsafe("select pg_current_wal_insert_lsn() as moment"));
  await queryOnce(target, (sql) => sql.unsafe("drop table kept"));
  const from = systemClock.nowMs();
  await release.postdock(barman, ["barman", "restore", "--to", row!.moment, "--yes"], 4 * wholeMs);
  const restored = await release.whole(3, 3 * wholeMs);
  console.log(`restored and whole after ${secondsSince(from)} s`);
  const rows = await queryOnce(
    await release.target(restored.address!),
    (sql) => sql.unsafe("select id from kept order by id"),
  );
  assert.deepEqual(rows.map((r) => r.id), [1, 2]);
});
