// Tests of which backups are finished and which are removed.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Backup } from "../text/barman-output.ts";
import { decideRemovals, finishedBackups, waitingBackups } from "./catalog.ts";

const backup = (id: string, status: string, retention: string | null = null): Backup => ({
  id,
  status,
  retention,
  sizeBytes: null,
  endSeconds: null,
});
const idle = { backupRuns: false, givenUp: [], restoreRuns: false };

test("a failed backup stays until a newer one has succeeded", () => {
  const failed = backup("1", "FAILED");
  assert.deepEqual(decideRemovals([failed], idle), []);
  assert.deepEqual(decideRemovals([failed, backup("2", "WAITING_FOR_WALS")], idle), []);
  assert.deepEqual(decideRemovals([failed, backup("2", "DONE", "VALID")], idle).map((r) => r.id), ["1"]);
});

test("a backup that was cut off is removed only while certainly no backup runs", () => {
  const started = [backup("1", "STARTED"), backup("2", "EMPTY")];
  assert.equal(decideRemovals(started, idle).length, 2);
  assert.equal(decideRemovals(started, { ...idle, backupRuns: true }).length, 0);
  assert.equal(decideRemovals(started, { ...idle, backupRuns: null }).length, 0);
});

test("a backup whose WAL never came stays until a newer one has succeeded", () => {
  const waiting = backup("1", "WAITING_FOR_WALS");
  const done = backup("2", "DONE", "VALID");
  assert.deepEqual(decideRemovals([waiting, done], idle), []);
  assert.deepEqual(decideRemovals([waiting], { ...idle, givenUp: ["1"] }), []);
  assert.deepEqual(decideRemovals([waiting, done], { ...idle, givenUp: ["1"] }).map((r) => r.id), ["1"]);
});

test("an obsolete backup is removed, but not while a restore runs", () => {
  const backups = [backup("1", "DONE", "OBSOLETE"), backup("2", "DONE", "VALID")];
  assert.deepEqual(decideRemovals(backups, idle).map((r) => r.id), ["1"]);
  assert.deepEqual(decideRemovals(backups, { ...idle, restoreRuns: true }), []);
});

test("the newest finished backup is never removed, nor one that barman keeps", () => {
  const status = fc.constantFrom("DONE", "FAILED", "WAITING_FOR_WALS", "STARTED", "EMPTY", "SYNCING");
  const retention = fc.constantFrom("VALID", "OBSOLETE", "KEEP:FULL");
  const runs = fc.constantFrom(true, false, null);
  fc.assert(fc.property(fc.array(fc.tuple(status, retention), { maxLength: 8 }), runs, (list, backupRuns) => {
    const backups = list.map(([s, r], i) => backup(String(i), s, r));
    const removed = decideRemovals(backups, { ...idle, backupRuns, givenUp: backups.map((b) => b.id) }).map((r) =>
      r.id
    );
    const newest = finishedBackups(backups).at(-1);
    const kept = backups.filter((b) => b.status === "DONE" && b.retention !== "OBSOLETE");
    return (newest === undefined || !removed.includes(newest.id)) && kept.every((b) => !removed.includes(b.id));
  }));
});

test("backups that wait for WAL are found", () => {
  assert.deepEqual(waitingBackups([backup("1", "DONE"), backup("2", "WAITING_FOR_WALS")]), ["2"]);
});

test("what builds on an old backup is removed before it, and an old backup that the newest builds on stays", () => {
  const chain = [backup("1", "DONE", "OBSOLETE"), backup("2", "DONE", "OBSOLETE")];
  assert.deepEqual(decideRemovals([...chain, backup("3", "DONE", "VALID")], idle).map((r) => r.id), ["2", "1"]);
  assert.deepEqual(decideRemovals(chain, idle), []);
});
