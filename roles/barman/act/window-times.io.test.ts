// The times of timelines are read although the retention policy removes WAL meanwhile.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { segmentBytes, type WalFile } from "../../../core/postgres/wal-name.ts";
import { type Places, serverHome } from "../text/places.ts";
import type { Mark } from "../text/waldump.ts";
import { WalReader } from "./wal-reader.ts";
import { timeWindows } from "./window-times.ts";

const file = (segment: number, partial = false): WalFile => ({
  name: `0000000100000000${segment.toString(16).toUpperCase().padStart(8, "0")}${partial ? ".partial" : ""}`,
  ...{ timeline: 1, segment: BigInt(segment), partial },
});

/** One backup from segment 7 on, and the window up to the last of these files, which is still received if it is partial. */
function sourcesOf(files: readonly WalFile[]) {
  const backup = {
    ...{ id: "b1", timeline: 1, beginSegment: 7n, beginLsn: "0/7000028", endLsn: "0/7000100", endMicros: 1n },
    ...{ segmentBytes, sizeBytes: 1, from: null, parent: null, compression: null, summarized: false, tablespaces: [] },
  };
  const archive = { segmentBytes, files, histories: new Map() };
  const window = { timeline: 1, backup: "b1", fromLsn: "0/7000100", lastWal: files.at(-1)!.name, missing: null };
  return { window, sources: { backups: [backup], unreadable: [], archive, received: files.filter((f) => f.partial) } };
}

async function inDirectory(work: (places: Places) => Promise<void>): Promise<void> {
  const backupDir = await mkdtemp(join(tmpdir(), "windows-"));
  const places = { backupDir, serverName: "pg_cluster" };
  try {
    await mkdir(serverHome(places));
    await work(places);
  } finally {
    await rm(backupDir, { recursive: true });
  }
}

test("a window of which WAL is gone has no times, and the list does not fail", () =>
  inDirectory(async (places) => {
    const { window, sources } = sourcesOf([file(7)]);
    const { timed, gone } = await timeWindows([window], sources, places);
    assert.equal(gone, true);
    assert.deepEqual(timed, [{ ...window, fromTime: null, toTime: null }]);
    assert.deepEqual(await readdir(serverHome(places)), [], "nothing is kept of it");
  }));

test("of an idle cluster only the file that is being received, and the one before it, are read again", () =>
  inDirectory(async (places) => {
    const read: string[] = [];
    class Reader extends WalReader {
      override marks(of: WalFile): Promise<readonly Mark[]> {
        read.push(of.name);
        const commit: Mark = { kind: "commit", lsn: "0/9000100", xid: 7, atMicros: 1_000_000n, name: "" };
        return Promise.resolve(of.segment === 9n ? [commit] : []);
      }
    }
    const files = Array.from({ length: 40 }, (_, i) => file(7 + i));
    const list = async (all: readonly WalFile[]) => {
      read.length = 0;
      const { window, sources } = sourcesOf(all);
      const { timed } = await timeWindows([window], sources, places, () => new Reader(places, segmentBytes));
      assert.equal(timed[0]?.toTime, "1970-01-01 00:00:01.000000+00");
      return read.length;
    };
    const growing = [...files, file(47, true)];
    assert.equal(await list(growing), 39);
    assert.equal(await list(growing), 2);
    assert.equal(await list([...files, file(47), file(48, true)]), 3, "one more is archived");
    assert.equal(await list([...files, file(47)]), 1, "nothing is received any more");
    assert.equal(await list([...files, file(47)]), 0);
  }));
