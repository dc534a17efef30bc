// The history of a container: what is heard is kept, across restarts, and bounded; a damaged line costs itself only.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HistoryFile } from "./history.ts";
import { createLog, type Log } from "./log.ts";
import { systemClock, waitUntil } from "./time.ts";

/** A log whose events the history hears, as in a role. */
function heardBy(history: HistoryFile, secrets: string[] = []): Log {
  const hear = (heard: Parameters<HistoryFile["hear"]>[0]) => history.hear(heard, "barman");
  const listener = { hear, idle: () => Promise.resolve() };
  return createLog({ level: "ERROR", secrets, write: () => {}, wallMs: () => 0, listener }).with({
    node: "pg_cluster",
  });
}

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "history-"));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const written = async (path: string, least: number) =>
  await waitUntil(
    async () => {
      const lines = (await readFile(path, "utf8").catch(() => "")).trimEnd().split("\n");
      return lines.length >= least ? lines : null;
    },
    { what: "the history", deadlineMs: 20_000, everyMs: 10 },
    { clock: systemClock },
  );

test("events are kept with their reasons and without secrets, and outlive the container; those of before the start too", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "state", "history.jsonl");
    const first = new HistoryFile();
    const log = heardBy(first, ["s3cret"]);
    log.info("Following another primary", { from: null, to: "pg1", because: "it leads" });
    await first.open({ path, log });
    log.info("Receiving WAL", { host: "pg1" });
    log.error("Base backup failed", { host: "pg2", because: "password s3cret is wrong" });
    assert.deepEqual(first.all().map(({ event, node }) => [event, node]), [
      ["Following another primary", "barman"],
      ["Base backup failed", "barman"],
    ]);
    assert.equal(first.all()[1]!.because, "password *** is wrong");
    await written(path, 2);
    await writeFile(path, `{"time":"cut off\n${await readFile(path, "utf8")}`);
    const second = new HistoryFile();
    await second.open({ path, log });
    assert.deepEqual(second.all(), first.all());
  });
});

test("the history is bounded, and one that may not be written yet is shown all the same", async () => {
  await inDirectory(async (directory) => {
    const history = new HistoryFile();
    const log = heardBy(history);
    const path = join(directory, "history.jsonl");
    await history.open({ path, log, mayWrite: () => Promise.resolve(false) });
    for (let i = 0; i < 250; i++) log.error("Base backup failed", { host: `pg${i}` });
    assert.equal(history.all().length, 200);
    assert.equal(history.all().at(-1)!.host, "pg249");
    await assert.rejects(readFile(path));
  });
});
