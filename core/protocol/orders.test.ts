// Orders between containers: one path each, and questions that could do harm are refused by their schema.
import assert from "node:assert/strict";
import { test } from "node:test";
import { orders, walFileName } from "./orders.ts";

test("every order has its own path below /control/", () => {
  const paths = Object.values(orders).map((o) => o.path);
  assert.equal(new Set(paths).size, paths.length);
  for (const path of paths) assert.match(path, /^\/control\/[a-z-]+$/);
});

test("paths and fields stay those that containers of other versions use", () => {
  assert.deepEqual(Object.fromEntries(Object.entries(orders).map(([name, o]) => [name, o.path])), {
    status: "/control/status",
    vote: "/control/lease",
    takeOver: "/control/take-over",
    switchover: "/control/switchover",
    epoch: "/control/epoch",
    force: "/control/force",
    reinit: "/control/reinit",
    restore: "/control/restore",
    pause: "/control/pause",
    secrets: "/control/secrets",
    wal: "/control/wal",
    backupFiles: "/control/backup-files",
    backupPiece: "/control/backup-piece",
    backedUp: "/control/backed-up",
    cleanRestore: "/control/restore-clean",
    mayRestore: "/control/restore-check",
    restoreFrom: "/control/restore-from",
    endRestore: "/control/restore-end",
  });
  assert.deepEqual(orders.switchover.question.parse({ to: null }), { to: null });
  const handOver = orders.takeOver.question.parse({ from: "a", afterLsn: "0/1", because: "b" });
  assert.deepEqual(handOver, { from: "a", afterLsn: "0/1", epoch: 0, because: "b" }, "of a release without epochs");
});

test("only orders that change nothing may be repeated", () => {
  const repeatable = Object.entries(orders).filter(([, o]) => o.onlyReads).map(([name]) => name);
  assert.deepEqual(repeatable, ["status", "mayRestore", "wal", "backupFiles", "backupPiece"]);
});

test("only the name of a WAL file is accepted: no path, no other file", () => {
  for (
    const name of ["../PG_VERSION", "00000001000000000000000G", "00000001.historyX", "", "0000000100000000000000AB/x"]
  ) {
    assert.equal(walFileName.test(name), false, name);
    assert.equal(orders.wal.question.safeParse({ name, offset: 0 }).success, false, name);
  }
  for (const name of ["0000000100000000000000AB", "00000002.history"]) {
    assert.equal(orders.wal.question.safeParse({ name, offset: 0 }).success, true, name);
  }
  assert.equal(orders.wal.question.safeParse({ name: "00000002.history", offset: -1 }).success, false);
});

test("the id of a backup and the paths in it cannot lead anywhere else", () => {
  for (const id of ["../20261127T183848", "20261127T183848/..", "latest", ""]) {
    assert.equal(orders.backupFiles.question.safeParse({ id, from: 0 }).success, false, id);
  }
  assert.equal(orders.backupFiles.question.safeParse({ id: "20261127T183848", from: 0 }).success, true);
  const answered = (path: string, mode = 0o600) =>
    orders.backupFiles.answer.safeParse({
      entries: [{ path, kind: "file", bytes: 1, modifiedMs: 1, mode }],
      total: 1,
      totalBytes: 1,
      digest: "0".repeat(64),
    }).success;
  for (const path of ["", "/etc/passwd", "../x", "base/../../x", "base/..", "./x", "base//x", "base/", "x\0"]) {
    assert.equal(answered(path), false, path);
  }
  assert.equal(answered("base/1/..2619_vm"), true);
  assert.equal(answered("x", 0o4755), false, "no file gets more than permission bits");
});

test("a malformed question is refused", () => {
  assert.equal(orders.pause.question.safeParse({ on: "perhaps" }).success, false);
  assert.equal(orders.switchover.question.safeParse({}).success, false);
  assert.equal(orders.vote.question.safeParse({ kind: "acquire" }).success, false);
});
