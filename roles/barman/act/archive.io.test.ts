// What is on disk is seen whole, also while barman moves WAL into its archive.
import assert from "node:assert/strict";
import { link, mkdir, mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { segmentBytes, walName } from "../../../core/postgres/wal-name.ts";
import { streamingDirectory, walDirectory } from "../text/places.ts";
import { readSources } from "./archive.ts";

test("a file that is archived while the directories are read is not missing", async () => {
  const backupDir = await mkdtemp(join(tmpdir(), "archive-"));
  const places = { backupDir, serverName: "pg_cluster" };
  const log = join(walDirectory(places), "0000000100000000");
  const names = Array.from({ length: 200 }, (_, i) => walName(1, BigInt(i), segmentBytes));
  try {
    await mkdir(log, { recursive: true });
    await mkdir(streamingDirectory(places), { recursive: true });
    for (const name of names) await writeFile(join(streamingDirectory(places), name), "");
    let moving = true;
    const moves = (async () => {
      for (const name of names) {
        await link(join(streamingDirectory(places), name), join(log, name));
        await unlink(join(streamingDirectory(places), name));
      }
      moving = false;
    })();
    while (moving) {
      const { archive } = await readSources(places);
      assert.equal(new Set(archive.files.map((f) => f.name)).size, names.length);
    }
    await moves;
  } finally {
    await rm(backupDir, { recursive: true });
  }
});
