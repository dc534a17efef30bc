// When a base backup is wanted: by schedule, and as soon as possible where there is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Backup } from "../text/barman-output.ts";
import { type BackupView, firstBackup, mayBegin, retryPauseMs, wish as wishOf } from "./backups.ts";
import { initialState } from "../state.ts";

const backup = (status: string): Backup => ({
  id: "20260101T000000",
  status,
  retention: null,
  sizeBytes: 1,
  endSeconds: 1,
});

const wish = (changes: Partial<BackupView>) =>
  wishOf({
    onStart: true,
    schedule: "0 0 * * *",
    wallMs: 1_000,
    nextWallMs: 2_000,
    wanted: null,
    backups: [backup("DONE")],
    ...changes,
  });

test("a base backup is wanted when the schedule says so, and once for each time", () => {
  assert.equal(wish({}), null);
  assert.equal(wish({ wallMs: 2_000 }), "BACKUP_SCHEDULE is 0 0 * * *");
  assert.equal(wish({ wallMs: 2_000, backups: null }), "BACKUP_SCHEDULE is 0 0 * * *");
  assert.equal(wish({ wallMs: 2_000, wanted: "WAL is lost" }), "WAL is lost");
  assert.equal(wish({ wallMs: 2_000, nextWallMs: null }), null);
});

test("the first base backup is wanted as soon as the catalog shows that there is none", () => {
  assert.match(wish({ backups: [] }) ?? "", /no base backup yet/);
  assert.match(wish({ backups: [backup("FAILED"), backup("STARTED")] }) ?? "", /no base backup yet/);
  assert.equal(wish({ backups: null }), null, "not seen yet");
  assert.equal(wish({ backups: [backup("WAITING_FOR_WALS")] }), null, "it gets its last WAL");
  assert.equal(wish({ backups: [], onStart: false }), null);
  assert.equal(wish({ backups: null, wanted: firstBackup }), firstBackup);
  assert.equal(wish({ wanted: firstBackup }), null, "an operator has taken it");
});

test("the pause after a failure grows, and has a bound", () => {
  assert.deepEqual([1, 2, 3, 20].map(retryPauseMs), [10_000, 20_000, 40_000, 1_800_000]);
});

test("one that is wanted begins once WAL is received and some is archived; another failure of the check does not hold it up", () => {
  const state = initialState(0, ["a"]);
  assert.equal(mayBegin(state), false);
  state.primary = "a";
  state.receiver = { streaming: true, host: "a", trouble: null, fix: null };
  assert.equal(mayBegin(state), false, "the check has not run yet");
  const checked = (...failures: string[]) => ({
    ...state,
    check: { atMs: 0, failures: failures.map((check) => ({ check, hint: "" })), error: null },
  });
  assert.equal(mayBegin(checked("wal archive")), false);
  assert.equal(mayBegin(checked()), true);
  assert.equal(mayBegin(checked("failed backups")), true);
  assert.equal(mayBegin({ ...state, check: { atMs: 0, failures: null, error: "it could not run" } }), true);
  assert.equal(mayBegin({ ...checked(), primary: "b" }), false, "WAL still comes from the former primary");
});
