import assert from "node:assert/strict";
import { test } from "node:test";
import type { BarmanStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { backup } from "./diagnose-backup.ts";
import { sessions } from "./diagnose-pool.ts";

test("a pool whose sessions are used up, or through which no login gets, names what to change", () => {
  const found = (changes: Partial<PgpoolStatus>) =>
    sessions("pool", { sessions: { busy: 1, total: 32 }, noLogin: null, ...changes })
      .map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`).join("\n");
  assert.match(found({ sessions: { busy: 29, total: 32 } }), /^warning pool: 29 of 32 sessions.*num_init_children/);
  const noLogin = "no login gets through: timeout expired";
  assert.match(
    found({ sessions: { busy: 32, total: 32 }, noLogin }),
    /^error pool: all 32 sessions.*num_init_children/,
  );
  assert.match(found({ noLogin }), /^error pool: no login gets through: timeout expired; .*CHECK_PASSWORD/);
  const unexplained = 'no login gets through: psql: error: connection to server on socket "/x" failed:';
  assert.match(found({ noLogin: unexplained }), /pg_hba.conf of the nodes.*set ssl:off in CONFIGS of pgpool/);
  assert.deepEqual([found({}), found({ sessions: null })], ["", ""]);
});

const ofBackup = (changes: object) => {
  const verified = { backup: "b1", atMs: 0, tookMs: 1, reached: null, error: null };
  const status = { component: "barman", receiving: true, checkOk: true, backups: 1, kept: [], verified, ...changes };
  const found = backup({ host: "backup", status: status as unknown as BarmanStatus, clockAheadMs: 0 });
  return found.map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`).join("\n");
};

test("a backup that could not be restored when it was tried is an error", () => {
  assert.equal(ofBackup({}), "");
  const verified = { backup: "b1", atMs: 0, tookMs: 1, reached: null, error: "a page is wrong" };
  assert.match(
    ofBackup({ verified }),
    /^error backup: backup b1 could not be restored when it was tried: a page is wrong;/,
  );
});

test("gaps in the WAL history are named with how many timelines have one", () => {
  assert.equal(ofBackup({ gaps: 0 }), "");
  assert.match(
    ofBackup({ gaps: 1 }),
    /^warning backup: the WAL history has gaps: one timeline misses WAL; .*barman list/,
  );
  assert.match(ofBackup({ gaps: 2 }), /2 timelines miss WAL/);
});
