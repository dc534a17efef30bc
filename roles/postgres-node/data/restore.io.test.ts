// The data from before a restore are kept, and come back whole wherever the undoing was interrupted.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { systemClock } from "../../../core/runtime/time.ts";
import * as journal from "./journal.ts";
import { endRestore, forgetReplaced, restoredBy, undoRestore } from "./restore.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const deps = { clock: systemClock, log };
const id = "r1";

/** A data directory after the restore `id`, which has replaced "old" by "new". */
async function restored(work: (pgdata: string) => Promise<void>): Promise<void> {
  const pgdata = await mkdtemp(join(tmpdir(), "restore-"));
  try {
    await writeFile(join(pgdata, "PG_VERSION"), "old");
    await mkdir(join(pgdata, "base"));
    await writeFile(join(pgdata, "base", "1"), "old");
    const staging = journal.stagingDirectory(pgdata);
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, "PG_VERSION"), "new");
    await writeFile(join(staging, "postdock_restore.json"), JSON.stringify({ id }));
    await journal.writeJournal(pgdata, { phase: "moving-out", source: "backup", startedAt: "", keep: id });
    await journal.moveIntoPlace(pgdata, log);
    await work(pgdata);
  } finally {
    await rm(pgdata, { recursive: true });
  }
}

const isOld = async (pgdata: string) => {
  assert.equal(await readFile(join(pgdata, "PG_VERSION"), "utf8"), "old");
  assert.equal(await readFile(join(pgdata, "base", "1"), "utf8"), "old");
  assert.equal(await restoredBy(pgdata), null);
  assert.deepEqual(await readdir(journal.stateDirectory(pgdata)), []);
};

test("a restore keeps what it replaces until it is told to forget it", () =>
  restored(async (pgdata) => {
    assert.equal(await readFile(join(pgdata, "PG_VERSION"), "utf8"), "new");
    assert.equal(await restoredBy(pgdata), id);
    assert.equal(await readFile(join(journal.keptDirectory(pgdata, id), "base", "1"), "utf8"), "old");
    await endRestore(pgdata);
    assert.equal(await restoredBy(pgdata), null);
    assert.deepEqual(await forgetReplaced(pgdata, "", log), [id]);
    assert.deepEqual(await readdir(journal.stateDirectory(pgdata)), []);
  }));

test("what is kept is never overwritten, also by a second replacement of the same name", () =>
  restored(async (pgdata) => {
    const staging = journal.stagingDirectory(pgdata);
    await mkdir(staging);
    await writeFile(join(staging, "PG_VERSION"), "newer");
    await journal.writeJournal(pgdata, { phase: "moving-out", source: "backup", startedAt: "", keep: id });
    await journal.moveIntoPlace(pgdata, log);
    const versionIn = (directory: string) => readFile(join(directory, "PG_VERSION"), "utf8");
    assert.deepEqual([
      await versionIn(pgdata),
      await versionIn(journal.keptDirectory(pgdata, id)),
      await versionIn(journal.keptDirectory(pgdata, `${id}-2`)),
    ], ["newer", "old", "new"]);
  }));

test("undone, the old data are back, and once more does no harm", () =>
  restored(async (pgdata) => {
    await undoRestore(pgdata, id, deps);
    await isOld(pgdata);
    await undoRestore(pgdata, id, deps);
    await isOld(pgdata);
  }));

test("undone again after a crash in between, the old data are back", async () => {
  await restored(async (pgdata) => {
    await rename(journal.keptDirectory(pgdata, id), journal.stagingDirectory(pgdata));
    await undoRestore(pgdata, id, deps);
    await isOld(pgdata);
  });
  await restored(async (pgdata) => {
    await rename(journal.keptDirectory(pgdata, id), journal.stagingDirectory(pgdata));
    await journal.writeJournal(pgdata, { phase: "moving-out", source: "", startedAt: "" });
    await journal.moveIntoPlace(pgdata, log); // at the next start, before the memory is looked at
    await undoRestore(pgdata, id, deps);
    await isOld(pgdata);
  });
});

test("undone before anything was replaced, only the copy goes", () =>
  restored(async (pgdata) => {
    await mkdir(journal.stagingDirectory(pgdata));
    await journal.writeJournal(pgdata, { phase: "copying", source: "backup", startedAt: "" });
    await undoRestore(pgdata, "r2", deps);
    assert.equal(await readFile(join(pgdata, "PG_VERSION"), "utf8"), "new");
    assert.equal(await journal.readJournal(pgdata), null);
    assert.deepEqual(await readdir(journal.stateDirectory(pgdata)), ["pgsql_tmp.before-r1"]);
  }));
