// Promise: `barman check` passes, and the commands that operators of 1.x type as root work. A backup is kept until it is released.
import assert from "node:assert/strict";
import { test } from "node:test";
import { waitBackup, waitBarmanCheck } from "../support/barman.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";

test("barman takes a backup, and its check passes", async () => {
  const backup = await (await exampleCluster()).container("backup");
  await waitBarmanCheck(backup);
  const said = await exec(backup, ["postdock", "barman", "backup"], 180_000);
  const id = /Backup (\d{8}T\d{6}) is complete/.exec(said)?.[1];
  assert.ok(id, said);
  const listed = await exec(backup, ["barman", "list-backup", "all"]);
  assert.match(listed, new RegExp(`^pg_cluster ${id} `, "m"));
  const shown = await exec(backup, ["barman", "show-backup", "pg_cluster", id]);
  assert.match(shown, /Status\s*: DONE/);
});

test("a backup is kept until it is released", async () => {
  const backup = await (await exampleCluster()).container("backup");
  const id = await waitBackup(backup, 120_000);
  const retention = async () => {
    const { backups } = JSON.parse(await exec(backup, ["postdock", "barman", "list", "--json"]));
    return backups.find((b: { id: string }) => b.id === id)?.retention;
  };
  assert.match(
    await exec(backup, ["postdock", "barman", "keep", id]),
    new RegExp(`Backup ${id} is kept, with the WAL`),
  );
  assert.equal(await retention(), "KEEP:STANDALONE");
  await exec(backup, ["postdock", "barman", "keep", id, "--release"]);
  assert.equal(await retention(), "VALID");
  const unknown = await tryExec(backup, ["postdock", "barman", "keep", "20010101T000000"]);
  assert.equal(unknown.code, 64);
  assert.match(unknown.stderr, new RegExp(`There is no backup 20010101T000000[^]*${id}`));
});
