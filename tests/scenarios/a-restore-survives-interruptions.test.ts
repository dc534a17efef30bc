// Promise: a restore of the cluster goes on where it was when the node, the command or barman dies, can be undone until the node
// leads, and no other node leads meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { received, restore, waitReceiving } from "../support/barman.ts";
import { firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";
import { onNodes, withMode } from "../support/variants.ts";

const deps = { clock: systemClock };

test("a restore goes on where it was when the node, the command or barman dies, and can be undone at each step", async () => {
  await using cluster = await ownCluster({
    name: "interrupted",
    edit: (file) => {
      withMode("strict")(file);
      onNodes({ RESTORE_KEEP_DAYS: 0 })(file);
    },
  });
  await cluster.up([...firstLevel, "backup"]);
  const node = await cluster.waitWhole(startMs, firstLevel);
  await cluster.waitLease(firstLevel);
  const backup = await cluster.container("backup");
  await cluster.psql(node, "create table ledger as select generate_series(1, 1000) as n");
  await cluster.psql(
    node,
    "create table weight as select repeat(md5(n::text), 30) as t from generate_series(1, 150000) n",
  );
  await exec(backup, ["postdock", "barman", "backup"], 180_000);
  await cluster.psql(node, "insert into ledger values (1001)");
  const lsn = await cluster.psql(node, "select pg_current_wal_insert_lsn()");
  await cluster.psql(node, "drop table ledger");
  await received(cluster, node);
  const count = async (host: string) => await cluster.psql(host, "select count(*) from ledger").catch(() => "none");
  const step = async () => (await cluster.nodeStatus(node).catch(() => null))?.restore?.step ?? null;
  const reach = async (...wanted: string[]) => {
    const reached = async () => wanted.includes(await step() ?? "");
    const what = `the restore to be ${wanted.join(" or ")}`;
    await waitUntil(reached, { what, deadlineMs: 60_000, everyMs: 20 }, deps);
  };
  /** Lets barman's agent send no more, so that what is copied now is still being copied when it is looked at. */
  const barmanAgent = async (signal: "STOP" | "CONT") =>
    await exec(backup, ["pkill", `-${signal}`, "-f", "^postdock barman entrypoint"]);
  const begin = (...args: string[]) => {
    const running = restore(backup, "--to", lsn, "--yes", ...args);
    return { running };
  };

  // left by Ctrl-C, and undone while it is copied: nothing has changed
  const first = begin();
  await reach("copying");
  await barmanAgent("STOP");
  await exec(backup, ["pkill", "-INT", "-f", "barman restore --to"]);
  const left = await first.running;
  assert.deepEqual([left.code, await step()], [75, "copying"], left.stdout + left.stderr);
  await barmanAgent("CONT");
  assert.match(left.stdout, /goes on without this command.*restore resume\n.*restore abort/);
  const aborted = await restore(backup, "abort");
  assert.equal(aborted.code, 0, aborted.stdout + aborted.stderr);
  assert.match(aborted.stdout, /has its old data again/);
  assert.equal(await cluster.waitWhole(undefined, firstLevel), node);
  assert.equal(await cluster.psql(node, "select to_regclass('ledger') is null"), "t");

  // the node dies while it is copied and while it recovers, the command is killed, and barman dies
  const second = begin("--pause");
  await reach("copying");
  await barmanAgent("STOP");
  await cluster.kill(node);
  await exec(backup, ["pkill", "-KILL", "-f", "barman restore --to"]);
  await second.running;
  await cluster.start(node);
  await reach("copying");
  await cluster.kill("backup");
  await cluster.start("backup");
  const again = await cluster.container("backup");
  const retention = async (id: string) => {
    const { backups } = JSON.parse(await exec(again, ["postdock", "barman", "list", "--json"]));
    return backups.find((b: { id: string }) => b.id === id)?.retention;
  };
  await exec(again, ["rm", "/var/backups/pg_cluster/postdock-restore.json"]); // as in another container of barman
  const resumed = await restore(again, "resume");
  assert.equal(resumed.code, 0, resumed.stdout + resumed.stderr);
  assert.match(resumed.stdout, /is read-only at the target/);
  assert.equal(await count(node), "1001");
  // what it uses stays, by hand too, and after the restart of barman
  const used = (await cluster.nodeStatus(node))!.restore!.backup;
  const deleted = await tryExec(again, ["barman", "delete", "pg_cluster", used]);
  assert.match(deleted.stdout + deleted.stderr, /current keep request/);
  assert.equal(await retention(used), "KEEP:FULL");
  await cluster.kill(node);
  await cluster.start(node);
  // and both die once more while it recovers again
  await reach("recovering", "holding");
  await Promise.all([cluster.kill(node), cluster.kill("backup")]);
  await Promise.all([cluster.start(node), cluster.start("backup")]);
  await reach("holding");
  assert.equal(await count(node), "1001");
  for (const host of firstLevel) {
    if (host !== node) assert.equal((await cluster.nodeStatus(host))?.postgres.role, "standby", "nobody else leads");
  }
  // the node dies exactly while PostgreSQL is promoted, which it cannot carry out
  const inNode = async (script: string) => await exec(await cluster.container(node), ["bash", "-c", script]);
  await inNode("pkill -STOP -f '^postgres: .*startup'");
  const finishing = restore(again, "finish");
  await reach("promoting");
  const ordered = async () => await inNode('test -e "$PGDATA/promote" && echo yes || echo no') === "yes\n";
  await waitUntil(ordered, { what: "PostgreSQL to be promoted", deadlineMs: 30_000, everyMs: 50 }, deps);
  await cluster.kill(node);
  await cluster.start(node);
  const finished = await finishing;
  assert.equal(finished.code, 0, finished.stdout + finished.stderr);
  assert.equal(await cluster.waitWhole(undefined, firstLevel), node);
  for (const host of firstLevel) assert.equal(await count(host), "1001");
  // the old data go by themselves once the new backup is whole, and not before
  const old = async () => (await cluster.nodeStatus(node))?.kept ?? null;
  const gone = async () => await old() === null;
  await waitUntil(gone, { what: "the old data to be removed", deadlineMs: 60_000, everyMs: 1_000 }, deps);
  const history = await exec(again, ["postdock", "cluster", "history"]);
  assert.match(history, /Old data removed, .*base backup \d{8}T\d{6} from after the restore is whole/);
  const released = async () => await retention(used) === "VALID";
  await waitUntil(released, { what: `backup ${used} to be kept no longer`, deadlineMs: 30_000, everyMs: 1_000 }, deps);
});

test("after the loss of all volumes but barman's, the cluster is restored into an empty node, and the others clone", async () => {
  await using cluster = await ownCluster({ name: "all-lost" });
  await cluster.up([...firstLevel, "backup"]);
  const old = await cluster.waitWhole(startMs, firstLevel);
  await cluster.waitLease(firstLevel);
  const backup = await cluster.container("backup");
  await exec(backup, ["postdock", "barman", "backup"], 180_000);
  await exec(backup, ["postdock", "cluster", "switchover"], 90_000); // barman's archive knows a later timeline
  const primary = await cluster.waitWhole(undefined, firstLevel);
  assert.notEqual(primary, old);
  await cluster.psql(primary, "create table ledger as select generate_series(1, 1000) as n");
  await received(cluster, primary);
  const { timeline } = (await cluster.nodeStatus(primary))!.postgres;

  for (const node of firstLevel) await cluster.kill(node);
  const [first, ...others] = firstLevel;
  await cluster.wipe(first);
  const fresh = async () => (await cluster.nodeStatus(first).catch(() => null))?.postgres.role === "primary";
  await waitUntil(fresh, { what: `${first} to have made a new cluster`, deadlineMs: startMs }, deps);
  const refused = await restore(backup, "--to", "latest", "--yes");
  assert.equal(refused.code, 77, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /holds another cluster than the backups here.*--replace/);
  const restoring = restore(backup, "--to", "latest", "--replace", "--yes");
  const trouble = async () => (await cluster.nodeStatus(first).catch(() => null))?.restore?.trouble ?? "";
  const asks = async () => /start .*with empty volumes/.test(await trouble());
  await waitUntil(asks, { what: "the restore to ask for the other voters", deadlineMs: 60_000 }, deps);
  await Promise.all(others.map((node) => cluster.wipe(node)));
  const restored = await restoring;
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  assert.ok((await cluster.nodeStatus(first))!.postgres.timeline! > timeline!, "above all that the archive knows");
  assert.equal(await cluster.waitWhole(startMs, firstLevel), first);
  await waitReceiving(cluster, first);
  for (const node of firstLevel) assert.equal(await cluster.psql(node, "select count(*) from ledger"), "1000");
});
