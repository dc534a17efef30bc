// Tests of what barman 3.13 prints, recorded from a real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBackupDetails, parseBackups, parseCheck } from "./barman-output.ts";

const checkOutput = JSON.stringify({
  pg_cluster: {
    archiver_errors: { hint: "", status: "OK" },
    receive_wal_running: { hint: "See the Barman log file for more details", status: "FAILED" },
    wal_archive: { hint: "please make sure WAL shipping is setup", status: "FAILED" },
  },
});

test("failed items of a check are named with their hint", () => {
  assert.deepEqual(parseCheck(checkOutput, "pg_cluster"), [
    { check: "receive wal running", hint: "See the Barman log file for more details" },
    { check: "wal archive", hint: "please make sure WAL shipping is setup" },
  ]);
});

test("an answer about another server, or none in JSON, is an error and never a pass", () => {
  assert.throws(() => parseCheck(checkOutput, "other"));
  assert.throws(() => parseCheck("Server pg_cluster: OK", "pg_cluster"), /JSON/);
});

test("the list of backups is read oldest first, with what barman keeps", () => {
  const done = {
    backup_id: "20261123T081700",
    backup_type: "full",
    end_time: "Mon Nov 23 08:17:01 2026",
    end_time_timestamp: "1795421821",
    retention_status: "-",
    size: "36.8 MiB",
    size_bytes: 38623922,
    status: "DONE",
    wal_size: "0 B",
    wal_size_bytes: 0,
  };
  const text = JSON.stringify({ pg_cluster: [{ backup_id: "20261123T090000", status: "FAILED" }, done] });
  assert.deepEqual(parseBackups(text, "pg_cluster"), [
    { id: "20261123T081700", status: "DONE", retention: "VALID", sizeBytes: 38623922, endSeconds: 1795421821 },
    { id: "20261123T090000", status: "FAILED", retention: null, sizeBytes: null, endSeconds: null },
  ]);
  assert.deepEqual(parseBackups(JSON.stringify({ pg_cluster: [] }), "pg_cluster"), []);
});

test("times and sizes of a backup are read", () => {
  const base = {
    backup_method: "postgres",
    backup_size_bytes: 38507715,
    begin_time_timestamp: "1795421780",
    copy_time_seconds: 0.699743,
    end_time_timestamp: "1795421781",
    timeline: 1,
  };
  const text = JSON.stringify({ pg_cluster: { backup_id: "20261123T081620", base_backup_information: base } });
  assert.deepEqual(parseBackupDetails(text, "pg_cluster"), {
    id: "20261123T081620",
    beginSeconds: 1795421780,
    endSeconds: 1795421781,
    sizeBytes: 38507715,
    copySeconds: 0.699743,
    timeline: 1,
  });
});

test("a detail without a size is an error, and barman 3.4's word for it is read", () => {
  const details = (size: object) =>
    JSON.stringify({
      pg_cluster: {
        backup_id: "20261129T090724",
        base_backup_information: { begin_time_timestamp: "1", end_time_timestamp: "2", timeline: 2, ...size },
      },
    });
  assert.equal(parseBackupDetails(details({ disk_usage_bytes: 38793619 }), "pg_cluster").sizeBytes, 38793619);
  assert.throws(() => parseBackupDetails(details({}), "pg_cluster"), /the size is not there/);
});
