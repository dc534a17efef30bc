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
    vote: "/control/lease",
    takeOver: "/control/take-over",
    switchover: "/control/switchover",
    epoch: "/control/epoch",
    force: "/control/force",
    reinit: "/control/reinit",
    pause: "/control/pause",
    wal: "/control/wal",
  });
  assert.deepEqual(orders.switchover.question.parse({ to: null }), { to: null });
  const handOver = orders.takeOver.question.parse({ from: "a", afterLsn: "0/1", because: "b" });
  assert.deepEqual(handOver, { from: "a", afterLsn: "0/1", epoch: 0, because: "b" }, "of a release without epochs");
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

test("a malformed question is refused", () => {
  assert.equal(orders.pause.question.safeParse({ on: "perhaps" }).success, false);
  assert.equal(orders.switchover.question.safeParse({}).success, false);
  assert.equal(orders.vote.question.safeParse({ kind: "acquire" }).success, false);
});
