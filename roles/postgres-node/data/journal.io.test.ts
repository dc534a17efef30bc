// The moves of a clone and of a rewind, interrupted at every step: nothing is lost, and unfinished work is recognised.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import * as journal from "./journal.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const written = { source: "pgmaster", startedAt: "2026-01-01T00:00:00.000Z" };

async function withData(work: (pgdata: string) => Promise<void>): Promise<void> {
  const pgdata = await mkdtemp(join(tmpdir(), "journal-"));
  try {
    for (const name of ["base", "pg_wal"]) {
      await mkdir(join(pgdata, name));
      await writeFile(join(pgdata, name, "1"), `old ${name}`);
    }
    await writeFile(join(pgdata, "PG_VERSION"), "17\n");
    await mkdir(journal.stateDirectory(pgdata));
    await writeFile(join(journal.stateDirectory(pgdata), "memory.json"), "mine");
    await work(pgdata);
  } finally {
    await rm(pgdata, { recursive: true });
  }
}

const data = async (directory: string) =>
  (await readdir(directory)).filter((n) => n !== journal.stateDirectoryName).toSorted();
const whole = ["PG_VERSION", "base", "pg_wal"];
const memory = (pgdata: string) => readFile(join(journal.stateDirectory(pgdata), "memory.json"), "utf8");

test("a rewind leaves the node's memory alone, and what it copied of the other node's memory is dropped", () =>
  withData(async (pgdata) => {
    await journal.writeJournal(pgdata, { ...written, phase: "rewinding" });
    await journal.stage(pgdata);
    const target = journal.stagingDirectory(pgdata);
    assert.deepEqual(await data(target), whole);
    assert.deepEqual(await data(pgdata), []);
    await mkdir(join(target, journal.stateDirectoryName));
    await writeFile(join(target, journal.stateDirectoryName, "memory.json"), "theirs");
    await writeFile(join(target, "pgsql_tmp.1"), "half written on the other node");
    await mkdir(join(target, "lost+found"));
    await journal.writeJournal(pgdata, { ...written, phase: "moving-out" });
    await journal.moveIntoPlace(pgdata, log);
    assert.deepEqual(await data(pgdata), whole);
    assert.equal(await memory(pgdata), "mine");
    assert.equal(await journal.readJournal(pgdata), null);
    assert.deepEqual(await readdir(journal.stateDirectory(pgdata)), ["memory.json"]);
  }));

test("a failed or interrupted rewind gives the data back, and the memory stays this node's own", () =>
  withData(async (pgdata) => {
    await journal.writeJournal(pgdata, { ...written, phase: "rewinding" });
    await journal.stage(pgdata);
    const target = journal.stagingDirectory(pgdata);
    await mkdir(join(target, journal.stateDirectoryName));
    await writeFile(join(target, journal.stateDirectoryName, "memory.json"), "theirs");
    await writeFile(join(pgdata, "base2"), "as if the move had been interrupted");
    await journal.unstage(pgdata);
    assert.deepEqual(await data(pgdata), [...whole, "base2"].toSorted());
    assert.equal(await readFile(join(pgdata, "base", "1"), "utf8"), "old base");
    assert.equal(await memory(pgdata), "mine");
    await journal.unstage(pgdata); // once more, as after a crash in between
    assert.equal(await memory(pgdata), "mine");
  }));

test("moving a clone in, interrupted after any entry, is finished by the next call", async () => {
  for (const moved of [0, 1, 2]) {
    await withData(async (pgdata) => {
      const staging = journal.stagingDirectory(pgdata);
      await mkdir(staging);
      for (const name of whole) await writeFile(join(staging, name), `new ${name}`);
      await journal.writeJournal(pgdata, { ...written, phase: moved === 0 ? "moving-out" : "moving-in" });
      const outgoing = join(journal.stateDirectory(pgdata), "outgoing");
      await mkdir(outgoing);
      if (moved > 0) {
        for (const name of whole) await rm(join(pgdata, name), { recursive: true });
        await writeFile(join(outgoing, "base"), "old");
      }
      for (const name of whole.filter((n) => n !== "PG_VERSION").slice(0, moved)) {
        await writeFile(join(pgdata, name), `new ${name}`);
        await rm(join(staging, name));
      }
      await journal.moveIntoPlace(pgdata, log);
      assert.deepEqual(await data(pgdata), whole);
      for (const name of whole) assert.equal(await readFile(join(pgdata, name), "utf8"), `new ${name}`);
      assert.equal(await journal.readJournal(pgdata), null);
      assert.equal(await memory(pgdata), "mine");
    });
  }
});
