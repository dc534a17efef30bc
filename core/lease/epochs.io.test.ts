// What a voter has granted outlives it, and two questions never get the same number.
import assert from "node:assert/strict";
import { link, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
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

test("once it has a spare file, a grant needs no room on the disk: the two files take turns, also after a crash between", async () => {
  await inDirectory(async (directory) => {
    const inodes = async () => {
      const files = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
      return files.map((f) => [f.ino, f.blocks] as const).toSorted(([a], [b]) => a - b);
    };
    const epochs = await openEpochs(directory, log);
    await epochs.grant({ ...of(1), partners: Array(60).fill("node") });
    await epochs.grant(of(2));
    const before = await inodes();
    assert.equal(before.length, 2);
    await epochs.grant(of(3));
    assert.deepEqual(await inodes(), before);
    await link(join(directory, "epoch.json"), join(directory, "epoch.json.spare.old")); // it ended before its renames
    const again = await openEpochs(directory, log);
    await again.grant(of(4));
    assert.deepEqual(await inodes(), before);
    const after = await openEpochs(directory, log);
    assert.deepEqual([after.highest(), after.leaderships()[0]], [4, of(4)]);
  });
});

test("a spare too short for what is granted, or lost, is made anew", async () => {
  await inDirectory(async (directory) => {
    const spare = join(directory, "epoch.json.spare");
    const epochs = await openEpochs(directory, log);
    await epochs.grant(of(1));
    await rm(spare);
    assert.equal((await openEpochs(directory, log)).highest(), 1);
    assert.equal((await stat(spare)).size, 8192);
    const long = { ...of(2), partners: Array.from({ length: 60 }, (_, n) => `${"n".repeat(240)}${n}`) };
    await epochs.grant(long);
    assert.deepEqual((await openEpochs(directory, log)).leaderships()[0], long);
    assert.equal((await stat(spare)).size > 16_384, true);
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
