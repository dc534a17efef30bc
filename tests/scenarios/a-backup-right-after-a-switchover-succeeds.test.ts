// Promise: `postdock barman backup` typed right after a switchover takes a backup of the new primary, each time; and where
// barman cannot follow, it names the reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { summarizing } from "../support/barman.ts";
import { firstLevel as voters } from "../support/cluster.ts";
import { ownCluster } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";

test("a backup right after a switchover, three times, the last one on top of one from before", async () => {
  await using cluster = await ownCluster({ name: "backup", compose: "v2", edit: summarizing });
  await cluster.up([...voters, "backup"]);
  await cluster.waitWhole(120_000, voters);
  await cluster.waitLease(voters);
  const backup = await cluster.container("backup");
  const ready = async () => (await tryExec(backup, ["postdock", "healthcheck", "ready"])).code === 0;
  await waitUntil(ready, { what: "barman to be ready", deadlineMs: 120_000, everyMs: 1_000 }, { clock: systemClock });
  for (let time = 1; time <= 3; time++) {
    await exec(backup, ["postdock", "cluster", "switchover"], 90_000);
    const how = time === 3 ? ["--incremental"] : [];
    const taken = await tryExec(backup, ["postdock", "barman", "backup", ...how], 240_000);
    assert.equal(taken.code, 0, `time ${time}: ${taken.stdout}${taken.stderr}`);
    assert.match(taken.stdout, /^Backup \d{8}T\d{6} is complete: /m);
    if (time === 3) assert.match(taken.stdout, /^It is incremental: it builds on backup \d{8}T\d{6}$/m);
  }
  const verified = await tryExec(backup, ["postdock", "barman", "verify"], 240_000);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  for (const node of voters) await cluster.stop(node);
  const refused = await tryExec(backup, ["postdock", "barman", "backup"], 240_000);
  assert.equal(refused.code, 69, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /no node answers/);
});
