import assert from "node:assert/strict";
import { test } from "node:test";
import { leaseTtlMs } from "../waits.ts";
import { Book, describeSteps, type Kept, tailMs } from "./steps.ts";

const open = (kept: Partial<Kept> = {}) => {
  const book = new Book({ voters: ["a", "b", "c"], primary: "a", strict: false, observed: false, ...kept });
  book.leads("a", 1, 0, 5);
  book.followed("a");
  return book;
};

test("a killed primary may lose its last moments, and all that it acknowledged if nobody is known to follow it", () => {
  const book = open();
  book.removed("a", "kill", 10_000, 10_100);
  assert.deepEqual(book.held.tails, [{ node: "a", fromMs: 10_000 - tailMs, toMs: 10_100 }]);
  book.leads("b", 2, 10_000, 16_000);
  book.removed("b", "kill", 30_000, 30_100);
  assert.deepEqual(book.held.tails.at(-1), { node: "b", fromMs: 10_000, toMs: 30_100 });
});

test("once a standby follows, only the last moments may be lost", () => {
  const book = open();
  book.removed("a", "kill", 10_000, 10_100);
  book.leads("b", 2, 10_000, 16_000);
  book.followed("b");
  book.removed("b", "cut", 30_000, 30_100);
  assert.deepEqual(book.held.tails.at(-1), { node: "b", fromMs: 30_000 - tailMs, toMs: 30_100 + leaseTtlMs });
});

test("a stop in good order, and a standby that goes, lose nothing", () => {
  const stopped = open();
  stopped.removed("a", "stop", 10_000, 10_100);
  const standby = open();
  standby.removed("b", "kill", 10_000, 10_100);
  standby.removed("d", "kill", 10_000, 10_100);
  assert.deepEqual([...stopped.held.tails, ...standby.held.tails], []);
});

test("a primary that is left alone may lose everything since then, also by a stop", () => {
  const book = open();
  book.removed("b", "kill", 10_000, 10_100);
  book.removed("c", "kill", 20_000, 20_100);
  book.removed("a", "stop", 30_000, 30_100);
  assert.deepEqual(book.held.tails, [{ node: "a", fromMs: 20_000, toMs: 30_100 }]);
});

test("a node that leads unexpectedly is not known to be followed", () => {
  const book = open();
  book.seen("b", 5_000);
  book.removed("b", "kill", 30_000, 30_100);
  assert.equal(book.held.tails[0]!.fromMs, 5_000);
});

test("with one of three nodes nothing is acknowledged: at once in strict mode, otherwise once its lease has ended", () => {
  const quiet = (kept: Partial<Kept>) => {
    const book = open(kept);
    book.removed("a", "kill", 10_000, 10_100);
    assert.equal(book.majority, true);
    book.removed("b", "kill", 20_000, 20_100);
    assert.equal(book.majority, false);
    book.removed("c", "kill", 25_000, 25_100);
    book.returned("a", 30_000);
    book.returned("b", 40_000);
    book.returned("c", 50_000);
    return book.held.quiet;
  };
  assert.deepEqual(quiet({ strict: true }), [{ fromMs: 20_100, toMs: 40_000 }]);
  assert.deepEqual(quiet({}), [{ fromMs: 20_100 + leaseTtlMs, toMs: 40_000 }]);
  assert.deepEqual(quiet({ observed: true }), [], "with observers one node can lead alone");
  assert.equal(quiet({ strict: true, observed: true }).length, 1);
});

test("a leadership is noted once, with the time to its first write", () => {
  const book = open();
  book.leads("a", 1, 100, 105);
  book.removed("a", "kill", 10_000, 10_100);
  book.leads("b", 2, 10_000, 16_000.4);
  assert.deepEqual(book.held.leaderships.map((l) => `${l.primary} ${l.timeline} ${l.afterMs}`), ["a 1 5", "b 2 6000"]);
});

test("the words of the steps", () => {
  const words = describeSteps([
    { do: "remove", whom: "held", by: "cut", once: "followed" },
    { do: "remove", whom: "primary", by: "kill", once: "leads" },
    { do: "remove", whom: "last", by: "stop", once: "followed" },
    { do: "wait", ms: 4_000 },
    { do: "return", nth: 1 },
    { do: "switchover" },
  ], "a (primary)");
  assert.equal(
    words,
    "cut a (primary), kill the primary at once, stop the last node, wait 4 s, return 2, switchover",
  );
});
