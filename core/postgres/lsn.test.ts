// LSN arithmetic: text and number are one to one, orders are orders, and a fork is found in a timeline's history.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  compareLsn,
  comparePosition,
  forkInto,
  formatLsn,
  isAncestor,
  parseHistory,
  parseLsn,
  sameOrigin,
} from "./lsn.ts";

const bytes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const lsn = bytes.map(formatLsn);
const position = fc.record({ timeline: fc.integer({ min: 1, max: 5 }), lsn });

test("an LSN is the same after a way through text", () => {
  fc.assert(fc.property(bytes, (n) => parseLsn(formatLsn(n)) === n));
  assert.equal(parseLsn("16/B374D848"), 0x16b374d848n);
  assert.equal(formatLsn(0x16b374d848n), "16/B374D848");
});

test("a text that is not an LSN is refused", () => {
  for (const text of ["", "0", "0/", "/0", "0/0/0", "G/0", "0/0 ", "123456789/0", "-1/0"]) {
    assert.throws(() => parseLsn(text), /Not an LSN/, text);
  }
});

test("LSNs are ordered as the numbers are", () => {
  fc.assert(
    fc.property(
      bytes,
      bytes,
      (a, b) => Math.sign(compareLsn(formatLsn(a), formatLsn(b))) === (a < b ? -1 : a > b ? 1 : 0),
    ),
  );
});

test("positions are ordered by timeline first, and turning the pair turns the answer", () => {
  fc.assert(fc.property(position, position, (a, b) => {
    if (a.timeline !== b.timeline) assert.equal(Math.sign(comparePosition(a, b)), Math.sign(a.timeline - b.timeline));
    assert.equal(Math.sign(comparePosition(a, b)), -Math.sign(comparePosition(b, a)) || 0);
  }));
});

const history = parseHistory("1\t0/3000060\tno recovery target specified\n\n2\t0/5000000\tbefore 2000-01-01\n");

test("a history file is read line by line", () => {
  assert.deepEqual(history, [{ timeline: 1, endLsn: "0/3000060" }, { timeline: 2, endLsn: "0/5000000" }]);
  assert.deepEqual(parseHistory(""), []);
  assert.deepEqual(parseHistory("# comment\nnonsense"), []);
});

test("a node can go on where it left its timeline at or before the fork, and nowhere else", () => {
  const target = { timeline: 3, history };
  assert.equal(isAncestor({ timeline: 3, lsn: "F/0" }, target), true);
  assert.equal(isAncestor({ timeline: 1, lsn: "0/3000060" }, target), true);
  assert.equal(isAncestor({ timeline: 1, lsn: "0/3000061" }, target), false);
  assert.equal(isAncestor({ timeline: 2, lsn: "0/4000000" }, target), true);
  assert.equal(isAncestor({ timeline: 4, lsn: "0/1" }, target), false);
});

test("forkInto() tells where a timeline left its parent", () => {
  const target = { timeline: 3, history };
  assert.equal(forkInto(1, target), null);
  assert.equal(forkInto(2, target), "0/3000060");
  assert.equal(forkInto(3, target), "0/5000000");
  assert.equal(forkInto(4, target), null);
});

test("sameOrigin() is false only for what is known to differ", () => {
  const origin = (forkLsn: string, record: string | null) => ({ forkLsn, record });
  assert.equal(sameOrigin(origin("0/5000000", "aa"), origin("0/5000000", "aa")), true);
  assert.equal(sameOrigin(origin("0/5000000", "aa"), origin("0/5000000", "bb")), false);
  assert.equal(sameOrigin(origin("0/5000000", "aa"), origin("0/5000000", null)), true);
  assert.equal(sameOrigin(origin("0/5000000", null), origin("0/5000060", null)), false);
  assert.equal(sameOrigin(null, origin("0/5000000", "aa")), true);
});
