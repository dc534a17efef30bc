// What a voter has granted outlives it, and two questions never get the same number.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../runtime/log.ts";
import { openEpochs } from "./epochs.ts";

const of = (epoch: number) => ({ epoch, host: "pg1", systemIdentifier: "7", partners: ["pg1", "pg2"] });
const lines: string[] = [];
const log = createLog({ level: "INFO", write: (line) => lines.push(line), wallMs: () => 0 });

async function inDirectory(run: (directory: string) => Promise<void>) {
  const directory = await mkdtemp(join(tmpdir(), "epochs-"));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("a granted epoch is on disk, also in a directory that is made for it, and is never lowered", async () => {
  await inDirectory(async (parent) => {
    const directory = join(parent, "state");
    const epochs = await openEpochs(directory, log);
    assert.equal(epochs.highest(), 0);
    const raising = epochs.grant(of(5));
    assert.equal(epochs.highest(), 5, "a second question in the meantime sees it");
    await raising;
    await epochs.grant(of(3));
    const after = await openEpochs(directory, log);
    assert.equal(after.highest(), 5);
    assert.deepEqual(after.leaderships(), [of(5)]);
  });
});

test("a file that cannot be read does not count as zero: it is named, with what to do", async () => {
  await inDirectory(async (directory) => {
    await writeFile(join(directory, "epoch.json"), "{");
    const epochs = await openEpochs(directory, log);
    assert.equal(epochs.highest(), null);
    assert.match(lines.at(-1)!, /epoch\.json.*remove this file and restart this container/);
    assert.equal(await readFile(join(directory, "epoch.json"), "utf8"), "{");
  });
});
