// Promise: a base backup is copied from a standby that fits. If that standby dies meanwhile, the backup is taken again from the
// primary, and nothing half is left in the catalog. One that is asked for meanwhile waits for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { BarmanStatus } from "../../core/protocol/status.ts";
import { checkpointOn } from "../support/barman.ts";
import { firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { setEnvironment } from "../support/compose-file.ts";
import { exec, logsOf } from "../support/docker.ts";

const deps = { clock: systemClock };

interface Listed {
  id: string;
  status: string;
  from: string | null;
  endSeconds: number | null;
}

test("a backup is copied from a standby, and from the primary once that standby is dead", async () => {
  await using cluster = await ownCluster({
    name: "spares",
    edit: (file) => setEnvironment(file, "backup", { BACKUP_RATE: "2MB" }),
  });
  await cluster.up(firstLevel);
  const primary = await cluster.waitWhole(startMs, firstLevel);
  await checkpointOn(cluster, primary, firstLevel.filter((n) => n !== primary));
  await cluster.up(["backup"]);
  const backup = await cluster.container("backup");
  const source = async () => {
    const status = BarmanStatus.safeParse(await cluster.status("backup")).data;
    return status?.backupRunsMs && status.backupProgress?.streamedBytes ? status.backupSource : null;
  };
  const first = await waitUntil(source, { what: "a backup under way", deadlineMs: startMs, everyMs: 250 }, deps);
  assert.equal(first.role, "standby", first.because);
  assert.match(first.because, new RegExp(`streams timeline 1, .* spares the primary ${primary}$`));

  await cluster.kill(first.host);
  const list = async (): Promise<Listed[]> =>
    JSON.parse(await exec(backup, ["postdock", "barman", "list", "--json"])).backups;
  const again = async () => (await source())?.role === "primary";
  await waitUntil(again, { what: "a backup from the primary", deadlineMs: 120_000, everyMs: 250 }, deps);
  const asked = await exec(backup, ["postdock", "barman", "backup"], 240_000);
  assert.match(asked, /^Waiting for the base backup that has been under way for \d+ s …$/m);
  const [done, next, ...others] = await list();
  assert.deepEqual([done?.status, done?.from, next?.status, others], ["DONE", "primary", "DONE", []]);
  const [, day, time] = /^(\d{8})T(\d{6})$/.exec(next!.id)!;
  const begunMs = Date.parse(`${day!.replace(/(....)(..)/, "$1-$2-")}T${time!.replace(/(..)(..)/, "$1:$2:")}Z`);
  assert.ok(begunMs / 1000 >= Math.floor(done!.endSeconds!), `one at a time: ${JSON.stringify([done, next])}`);
  const log = await logsOf(backup);
  assert.match(log, new RegExp(`"event":"Base backup failed"[^\n]*"host":"${first.host}"`));
  assert.match(log, new RegExp(`"host":"${primary}","role":"primary"[^\n]*the backup from ${first.host} failed`));
});
