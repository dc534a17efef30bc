// Promise: on a real Kubernetes a release of an earlier state of the chart is upgraded under a writer, and volumes that a release of the
// chart of 1.x has left are adopted, each as docs/kubernetes.md says: all data are there.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { runDirectory } from "../../../tools/kubernetes/control-plane.ts";
import { attempt, execute, root } from "../../../tools/terminal.ts";
import { kubectl, secondsSince } from "../../support/kubectl.ts";
import { chart, everyPod, nodes, Release } from "../../support/kubernetes-release.ts";
import { servicesByRole } from "../../support/kubernetes-services.ts";
import { queryOnce } from "../../support/ledger.ts";
import { wholeMs } from "../../support/waits.ts";

const deps = { clock: systemClock };

/** The last state of the chart before services by role. */
const earlierChart = "e239ae428add41b0bcc8f3f17996baaf4836a4f0";

test("a release of an earlier chart is upgraded under a writer", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "postdock-chart-"));
  const archive = ["git", "archive", "--output", join(directory, "chart.tar"), earlierChart];
  const had = await attempt([...archive, "kubernetes/chart", "monitoring"], { timeoutMs: 60_000, cwd: root });
  if (had.code !== 0) return t.skip(`this checkout has no history back to ${earlierChart}: ${had.stderr.trim()}`);
  const release = await Release.prepare("earlier-chart", { consistency: "strict" });
  try {
    await execute(["tar", "-xf", "chart.tar"], { timeoutMs: 60_000, cwd: directory });
    await release.helm("install", "release", join(directory, "kubernetes", "chart"), ...release.values);
    await release.whole(3, 4 * wholeMs);
    await release.writers.start("pgpool");
    const primary = await release.whole();
    const timeline = await release.timeline(primary);
    const keepsAll = ["upgrade", "release", chart, "--reuse-values", "--dry-run=server"];
    await release.helm(...keepsAll); // it lacks what is new, and is accepted
    const now = await release.step("chart upgraded", async () => {
      await release.helm("upgrade", "release", chart, "--reset-then-reuse-values");
      for (const kind of [nodes, "deployment/mysystem-database-pgpool"]) await release.rolledOut(kind, 180);
    });
    const changes = await release.timeline(now) - timeline;
    assert.ok(changes <= 2, `${changes} changes of the primary`);
    await servicesByRole(release, now);
    await release.finish({ atLeast: 100, gapMs: wholeMs });
  } finally {
    await release.end();
    await rm(directory, { recursive: true });
  }
});

const values1x = join(root, "tests", "kubernetes", "values-of-1x.yaml");
const database = { database: "mysystem.mysystem", user: "wide", password: "pass" };
/** What the old cluster holds. */
const rows = [1, 2, 3];

test("volumes of a release of the chart of 1.x are adopted", async () => {
  const release = await Release.prepare("from-1x");
  // the values define the second volume; the machines share the disk of this one
  const defined = join(runDirectory, "volume-of-1x");
  const own = ["-f", values1x, "--set", `postgres.nodes[1].volume.definition.hostPath.path=${defined}`];
  const removeDefined = async () => {
    await kubectl(["delete", "pv", "db-data-mysystem-db-node-1", "--ignore-not-found", "--wait=false"]);
    await rm(defined, { recursive: true, force: true });
  };
  try {
    await removeDefined();
    await oldRelease(release, own);
    // as docs/kubernetes.md says
    await release.kubectl(["scale", nodes, "--replicas=0"]);
    const ended = async () => (await release.pods(everyPod)).length === 0;
    await waitUntil(ended, { what: "the old pods to end", deadlineMs: wholeMs }, deps);
    await release.kubectl(["annotate", "pvc", "--all", "helm.sh/resource-policy=keep"]);
    await release.kubectl(["delete", nodes]);
    // as if only the other two had been upgraded
    await release.kubectl(["delete", "pvc", "db-data-mysystem-db-node-2"]);
    await release.kubectl(["label", "namespace", release.namespace, "pod-security.kubernetes.io/enforce=restricted"]);
    const from = systemClock.nowMs();
    const mover = ["image=postdock/postgres:latest", "imagePullPolicy=Never"];
    const more = [
      ...["--reset-then-reuse-values", "-f", join(chart, "values-from-1x.yaml"), ...release.values],
      ...mover.flatMap((v) => ["--set", `postgres.initContainers[0].${v}`]),
    ];
    const said = await release.helm("upgrade", "release", chart, ...more);
    assert.match(said, /postgres\.nodes is of 1\.x/);
    const primary = await release.whole(3, 4 * wholeMs);
    console.log(`whole ${secondsSince(from)} s after helm upgrade from 1.x`);
    await showsAll(release, primary.address!);
    await release.writers.start("pgpool");
    await release.step("pod of the primary deleted", async (was) => {
      await release.kubectl(["delete", "pod", was.name]);
      await release.replaced(was);
    });
    await release.finish({ atLeast: 50, gapMs: wholeMs });
  } finally {
    await release.end();
    await removeDefined();
  }
});

/** Installs what 1.x left behind, and fills it. */
async function oldRelease(release: Release, own: readonly string[]): Promise<void> {
  const { namespace } = release;
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce-"]); // 1.x ran as root
  await release.helm("install", "release", join(root, "tests", "kubernetes", "chart-of-1x"), ...own);
  await release.rolledOut(nodes, 180);
  const [first] = await release.pods();
  const target = { ...database, host: first!.address! };
  const streaming = async () => {
    const [row] = await queryOnce(
      target,
      (sql) => sql`select count(*) from pg_stat_replication where state = 'streaming'`,
    );
    return row!.count === "2";
  };
  await waitUntil(streaming, { what: "two standbys of 1.x", deadlineMs: wholeMs }, deps);
  await queryOnce(target, (sql) => sql`create table old as select * from generate_series(1, 3) as id`);
}

/** The old data are on every node, and the records of repmgr are those of the new ones. */
async function showsAll(release: Release, primary: string): Promise<void> {
  for (const pod of await release.pods()) {
    const seen = await queryOnce({ ...database, host: pod.address! }, (sql) => sql`select id from old order by id`);
    assert.deepEqual(seen.map((r) => r.id), rows, pod.name);
  }
  const target = { host: primary, user: "replica_user", password: "replica_pass", database: "replication_db" };
  const records = await queryOnce(target, (sql) => sql`select node_id, conninfo from repmgr.nodes order by node_id`);
  assert.deepEqual(records.map((r) => r.node_id), [1000, 1001, 1002]);
  assert.ok(records.every((r) => !r.conninfo.includes("password")), "repmgr's records hold no password any more");
}
