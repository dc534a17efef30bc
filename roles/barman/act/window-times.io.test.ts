// The times of timelines are read although the retention policy removes WAL meanwhile.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { segmentBytes } from "../../../core/postgres/wal-name.ts";
import { serverHome } from "../text/places.ts";
import { timeWindows } from "./window-times.ts";

test("a window of which WAL is gone has no times, and the list does not fail", async () => {
  const backupDir = await mkdtemp(join(tmpdir(), "windows-"));
  try {
    const places = { backupDir, serverName: "pg_cluster" };
    await mkdir(serverHome(places));
    const file = { name: "000000010000000000000007", timeline: 1, segment: 7n, partial: false };
    const backup = {
      ...{ id: "b1", timeline: 1, beginSegment: 7n, beginLsn: "0/7000028", endLsn: "0/7000100", endMicros: 1n },
      ...{
        segmentBytes,
        sizeBytes: 1,
        from: null,
        parent: null,
        compression: null,
        summarized: false,
        tablespaces: [],
      },
    };
    const archive = { segmentBytes, files: [file], histories: new Map() };
    const window = { timeline: 1, backup: "b1", fromLsn: "0/7000100", lastWal: file.name, missing: null };
    const sources = { backups: [backup], unreadable: [], archive, received: [] };
    const { timed, gone } = await timeWindows([window], sources, places);
    assert.equal(gone, true);
    assert.deepEqual(timed, [{ ...window, fromTime: null, toTime: null }]);
    assert.deepEqual(await readdir(serverHome(places)), [], "nothing is kept of it");
  } finally {
    await rm(backupDir, { recursive: true });
  }
});
