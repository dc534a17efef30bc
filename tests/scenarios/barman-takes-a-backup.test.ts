// Promise: `barman check` passes and a base backup is taken, by the commands that operators of 1.x type as root.
import assert from "node:assert/strict";
import { test } from "node:test";
import { waitBarmanCheck } from "../support/barman.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec } from "../support/docker.ts";

test("barman takes a backup, and its check passes", async () => {
  const cluster = await exampleCluster();
  const backup = await cluster.container("backup");
  await waitBarmanCheck(backup);
  const said = await exec(backup, ["postdock", "barman", "backup"], 180_000);
  const id = /Backup (\d{8}T\d{6}) is complete/.exec(said)?.[1];
  assert.ok(id, said);
  const listed = await exec(backup, ["barman", "list-backup", "all"]);
  assert.match(listed, new RegExp(`^pg_cluster ${id} `, "m"));
  const shown = await exec(backup, ["barman", "show-backup", "pg_cluster", id]);
  assert.match(shown, /Status\s*: DONE/);
});
