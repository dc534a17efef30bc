// Backups that are not taken as the schedule asks, that have failed, and that nobody can see.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BarmanStatus } from "../../core/protocol/status.ts";
import { backup } from "./diagnose-backup.ts";

/** What a barman in order answers over HTTP, with changes. */
function found(changes: Partial<BarmanStatus> = {}): string {
  const status = BarmanStatus.parse({
    schema: 1,
    postdock: "2.0.0",
    component: "barman",
    phase: "running",
    doing: "",
    because: "",
    uptimeSeconds: 500,
    observedAgoMs: 0,
    server: "pg_cluster",
    primary: "pg1",
    receiving: true,
    checkOk: true,
    checkFailures: [],
    backups: 2,
    lastBackup: "b2",
    ...changes,
  });
  return backup({ host: "backup", status, clockAheadMs: 0 })
    .map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}; ${f.consequence}`).join("\n");
}
const hour = 3_600_000;
const failed = { backupFailed: { atMs: 5, because: "ERROR: no space left" } };

test("a barman in order has no findings, nor has one of an older release that says nothing of these", () => {
  assert.equal(found(), "");
  assert.equal(found({ backupOverdueMs: 0, backupFailed: null }), "");
  assert.equal(found({ backupOverdueMs: hour - 1 }), "", "one begins within a moment, and takes its time");
});

test("a backup that the schedule has asked for and that is not there is named, with for how long and what to type", () => {
  assert.match(
    found({ backupOverdueMs: 30 * hour }),
    /^warning backup: the newest base backup is too old: it is b2; BACKUP_SCHEDULE .* for 30 h; .*type in that container: postdock barman backup;/,
  );
  assert.equal(found({ backupOverdueMs: 3 * hour, backupRunsMs: 2 * hour }), "", "it is being taken");
  assert.match(found({ backupOverdueMs: 25 * hour, backupRunsMs: 24 * hour }), /too old: .* under way for 24 h;/);
});

test("a last backup that failed is named with its reason, once, and as an error where there is no other", () => {
  assert.match(
    found({ ...failed, backupOverdueMs: 30 * hour }),
    /^warning backup: the last base backup failed: ERROR: no space left; .*`barman check pg_cluster`.*; a restore begins with b2/,
  );
  assert.doesNotMatch(found({ ...failed, backupOverdueMs: 30 * hour }), /too old/);
  const first = { backups: 0, lastBackup: null, backupWanted: "there is none" };
  assert.match(
    found({ ...failed, ...first }),
    /^error backup: the last base backup failed: .*; there is no backup: nothing/,
  );
  assert.match(
    found({ ...failed, ...first, backupRunsMs: 5_000 }),
    /^warning backup: there is no backup yet: one has been/,
  );
});

test("what could not be seen counts neither as a backup nor as a check that passed", () => {
  assert.match(found({ backups: null, lastBackup: null }), /^warning backup: which backups there are is not known/);
  assert.equal(found({ backups: null, uptimeSeconds: 20 }), "");
  const why = "barman check could not run: timed out";
  assert.match(
    found({ checkOk: null, checkFailures: [why] }),
    /^error backup: nobody knows .*: barman check could not run: timed out/,
  );
  assert.equal(found({ checkOk: null }), "", "it has not run yet");
});
