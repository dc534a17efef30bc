// Tests of where barman's records are found: a volume that was barman 3.4's has them beside the backups, and later ones apart.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { oldRecordPath, recordPath } from "../text/places.ts";
import { findRecord, listRecorded, readRecord } from "./records.ts";

test("records beside the backups and apart from them are one list", async () => {
  const places = { backupDir: await mkdtemp(join(tmpdir(), "postdock-records-")), serverName: "pg_cluster" };
  try {
    assert.deepEqual(await listRecorded(places), [], "nothing is there yet");
    const put = async (path: string, text: string) => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    };
    await put(oldRecordPath(places, "20261101T000000"), "old");
    await put(recordPath(places, "20261129T000000"), "new");
    await mkdir(dirname(oldRecordPath(places, "20261130T000000")), { recursive: true });
    assert.deepEqual(await listRecorded(places), ["20261101T000000", "20261129T000000"]);
    assert.equal(await readRecord(places, "20261101T000000"), "old");
    assert.equal(await readRecord(places, "20261129T000000"), "new");
    assert.equal(await findRecord(places, "20261130T000000"), null, "files without a record are no backup");
    await put(recordPath(places, "20261101T000000"), "moved");
    assert.equal(await readRecord(places, "20261101T000000"), "moved", "barman itself reads this one then");
    assert.deepEqual(await listRecorded(places), ["20261101T000000", "20261129T000000"]);
  } finally {
    await rm(places.backupDir, { recursive: true });
  }
});
