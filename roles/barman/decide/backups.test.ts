// When a base backup is wanted: by schedule, and as soon as possible where there is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Backup } from "../text/barman-output.ts";
import {
  type BackupView,
  firstBackup,
  mayBegin,
  openFailure,
  overdueMs,
  retryPauseMs,
  wish as wishOf,
} from "./backups.ts";
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

test("the last backup has failed until one succeeds, also as the catalog tells it after a restart", () => {
  const atMs = Date.UTC(2026, 0, 1, 10);
  const newest = { id: "b", beginSeconds: 1, endSeconds: atMs / 1000, sizeBytes: 1, copySeconds: 1, timeline: 1 };
  const of = (failedMs: number | null, { ended = true, catalogued = false } = {}) =>
    openFailure({
      backup: { failed: failedMs === null ? null : { atMs: failedMs, because: "it is full" } },
      catalog: {
        atMs: 0,
        backups: catalogued ? [{ ...backup("FAILED"), id: "20260101T100500" }] : [],
        unused: [],
        newest: ended ? newest : null,
      },
    });
  assert.equal(of(null), null);
  assert.equal(of(atMs - 1), null);
  assert.equal(of(atMs + 1)?.because, "it is full");
  assert.equal(of(5, { ended: false })?.because, "it is full");
  assert.match(of(atMs - 1, { catalogued: true })!.because, /20260101T100500 as failed/);
  assert.equal(openFailure({ backup: { failed: null }, catalog: null }), null);
});

test("a backup is overdue from the moment at which the schedule asks for one that is newer than the newest", () => {
  const noon = Date.UTC(2026, 0, 1, 12);
  assert.equal(overdueMs("0 0 * * *", noon, noon + 11 * 3_600_000), 0);
  assert.equal(overdueMs("0 0 * * *", noon, noon + 36 * 3_600_000), 24 * 3_600_000);
  assert.equal(overdueMs("0 0 * * 0", noon, noon + 36 * 3_600_000), 0, "2026-01-01 is a Thursday");
});
