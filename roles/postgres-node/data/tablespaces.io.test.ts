// The content of tablespaces is replaced, kept, put back and forgotten together with the data directory, wherever a crash falls.
import assert from "node:assert/strict";
import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { systemClock } from "../../../core/runtime/time.ts";
import * as journal from "./journal.ts";
import { forgetReplaced, noPlaceFor, undoRestore } from "./restore.ts";
import { ensurePlace } from "./volumes.ts";
import * as tablespaces from "./tablespaces.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const id = "r1";
const version = "PG_17_202406281";

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

interface Place {
  pgdata: string;
  /** a tablespace that the restored data have too, and one that only the old data have */
  both: string;
  gone: string;
}

/** Old data with two tablespaces, and a received backup with one of them, about to be moved into place. */
async function received(work: (at: Place) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "tablespaces-"));
  const at: Place = { pgdata: join(root, "data"), both: join(root, "both"), gone: join(root, "gone") };
  const { pgdata, both, gone } = at;
  try {
    const staging = journal.stagingDirectory(pgdata);
    for (const [directory, said] of [[pgdata, "old"], [staging, "new"]] as const) {
      await write(join(directory, "PG_VERSION"), said);
      await mkdir(join(directory, "pg_tblspc"), { recursive: true });
      await symlink(both, join(directory, "pg_tblspc", "16385"));
    }
    await write(join(staging, "postdock_restore.json"), JSON.stringify({ id }));
    await symlink(gone, join(pgdata, "pg_tblspc", "16386"));
    for (const location of [both, gone]) await write(join(location, version, "5", "1"), "old");
    await write(join(both, "README"), "of the operator");
    await write(join(journal.stagingDirectory(both), version, "5", "1"), "new");
    const elsewhere = [both, gone];
    await journal.writeJournal(pgdata, {
      phase: "moving-out",
      source: "",
      startedAt: "",
      keep: id,
      tablespaces: elsewhere,
    });
    await work(at);
  } finally {
    await rm(root, { recursive: true });
  }
}

const contentOf = (location: string) => readFile(join(location, version, "5", "1"), "utf8").catch(() => null);

async function isRestored({ pgdata, both, gone }: Place): Promise<void> {
  assert.equal(await readFile(join(pgdata, "PG_VERSION"), "utf8"), "new");
  assert.deepEqual([await contentOf(both), await contentOf(gone)], ["new", null]);
  for (const location of [both, gone]) {
    assert.deepEqual(await readdir(journal.stateDirectory(location)), [`pgsql_tmp.before-${id}`]);
    assert.equal(await contentOf(journal.keptDirectory(location, id)), "old");
  }
  assert.equal(await readFile(join(both, "README"), "utf8"), "of the operator");
}

async function isOld({ pgdata, both, gone }: Place): Promise<void> {
  assert.equal(await readFile(join(pgdata, "PG_VERSION"), "utf8"), "old");
  assert.deepEqual([await contentOf(both), await contentOf(gone)], ["old", "old"]);
  assert.deepEqual([await readdir(both), await readdir(gone)], [[version, "README"], [version]]);
}

test("restored, the content of tablespaces is replaced, and the old one kept beside it, whatever the crash", async () => {
  const steps: ((at: Place) => Promise<unknown>)[] = [
    ({ both }) => tablespaces.moveOut([both]),
    ({ gone }) => tablespaces.moveOut([gone]),
    async ({ pgdata }) => {
      for (const name of await journal.dataEntries(pgdata)) {
        await write(join(journal.stateDirectory(pgdata), "outgoing", name), "old");
        await rm(join(pgdata, name), { recursive: true });
      }
      const now = (await journal.readJournal(pgdata))!;
      await journal.writeJournal(pgdata, { ...now, phase: "moving-in" });
    },
    ({ both, gone }) => tablespaces.moveIn([both, gone]),
    ({ both }) => tablespaces.putAside([both], id),
  ];
  for (let done = 0; done <= steps.length; done++) {
    await received(async (at) => {
      for (const step of steps.slice(0, done)) await step(at);
      await journal.moveIntoPlace(at.pgdata, log);
      await isRestored(at);
    });
  }
});

test("undone, the old content is back, also after a crash in between", async () => {
  const deps = { clock: systemClock, log };
  const before: ((at: Place) => Promise<unknown>)[] = [
    () => Promise.resolve(),
    ({ both }) => tablespaces.takeBack([both], id),
    async ({ pgdata, gone }) => {
      await rm(journal.stagingDirectory(pgdata), { recursive: true, force: true });
      await rename(journal.keptDirectory(pgdata, id), journal.stagingDirectory(pgdata));
      await tablespaces.takeBack([gone], id);
    },
  ];
  for (const crash of before) {
    await received(async (at) => {
      await journal.moveIntoPlace(at.pgdata, log);
      await crash(at);
      await undoRestore(at.pgdata, id, deps);
      await isOld(at);
    });
  }
});

test("a copy that has replaced nothing is removed from tablespaces as well", () =>
  received(async (at) => {
    const { pgdata, both, gone } = at;
    const elsewhere = [both, gone];
    await journal.writeJournal(pgdata, { phase: "copying", source: "", startedAt: "", tablespaces: elsewhere });
    await undoRestore(pgdata, id, { clock: systemClock, log });
    await isOld(at);
  }));

test("old content is forgotten with the old data, and until then pg_rewind is kept away from it", () =>
  received(async ({ pgdata, both, gone }) => {
    await journal.moveIntoPlace(pgdata, log);
    assert.equal(await tablespaces.keepsOldData(pgdata), both);
    assert.deepEqual(await forgetReplaced(pgdata, "", log), [id]);
    assert.equal(await tablespaces.keepsOldData(pgdata), null);
    assert.deepEqual([await readdir(both), await readdir(gone)], [[version, "README"], []]);
    assert.equal(await contentOf(both), "new");
  }));

test("a backup has no place where a directory is missing, is another's, lies in the data directory, or is too small", () =>
  received(async ({ pgdata, both }) => {
    const at = (location: string, bytes = 0) =>
      noPlaceFor({ bytes: null, tablespaces: [{ oid: "1", name: "fast", location, bytes }] }, pgdata);
    assert.match(
      (await at("/nowhere"))!,
      /tablespace fast belongs to \/nowhere, which is not a directory on this node/,
    );
    assert.match((await at(join(pgdata, "fast")))!, /within the other/);
    if (process.getuid?.() === 0) {
      assert.match((await at(both))!, /has the owner 0 on this node: give it to uid 999/);
      await chown(both, 999, 999);
    }
    assert.equal(await at(both), null);
    const missing = join(both, "missing");
    assert.equal(await at(missing), null);
    await ensurePlace(missing);
    assert.equal((await stat(missing)).mode & 0o777, 0o700);
    assert.match((await at(both, 1e18))!, /free, and .* is needed, since the old data are kept/);
  }));
