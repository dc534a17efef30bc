import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Guest, mostOfOne, mostStrangers, whoLeaves } from "./crowd.ts";

const guest = (address: string, proven = false): Guest => ({ address, proven });
const many = (count: number, address: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => guest(address(n)));
const nobody = () => false;

test("while there is room nobody leaves", () => {
  assert.equal(whoLeaves([], "a", nobody), null);
  assert.equal(whoLeaves(many(mostOfOne - 1, () => "a"), "a", nobody), null);
  assert.equal(whoLeaves(many(mostStrangers - 1, (n) => `a${n}`), "b", nobody), null);
});

test("an address that has too many loses its oldest, but what has shown the key last", () => {
  const open = many(mostOfOne, () => "a");
  assert.equal(whoLeaves(open, "a", nobody), open[0]);
  assert.equal(whoLeaves(open, "b", nobody), null, "another address has room");
  open[0] = guest("a", true);
  assert.equal(whoLeaves(open, "a", nobody), open[1]);
  const proven = open.map(() => guest("a", true));
  assert.equal(whoLeaves(proven, "a", nobody), proven[0]);
});

test("strangers make room for each other, and take none from those that have shown the key", () => {
  const knows = (address: string) => address === "peer";
  const open = [guest("peer"), ...many(mostStrangers, (n) => `a${n}`)];
  assert.equal(whoLeaves(open, "b", knows), open[1]);
  assert.equal(whoLeaves(open, "peer", knows), null);
});

test("the connections have a bound in whatever order they come, and the newest is among them", () => {
  const comes = fc.record({ address: fc.nat(30), proven: fc.boolean() });
  fc.assert(
    fc.property(fc.array(comes, { maxLength: 600, size: "max" }), (all) => {
      const knows = (address: string) => address === "1" || address === "2";
      let open: Guest[] = [];
      for (const { address, proven } of all) {
        const newest = guest(String(address), proven);
        const leaving = whoLeaves(open, newest.address, knows);
        open = [...open.filter((g) => g !== leaving), newest];
        assert.ok(open.length <= mostStrangers + 2 * mostOfOne);
        assert.ok(open.filter((g) => g.address === newest.address).length <= mostOfOne);
      }
    }),
    { numRuns: 20 },
  );
});
