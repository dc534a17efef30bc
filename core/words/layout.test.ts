// Tables line up, trees end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { table, tree } from "./layout.ts";

test("table() pads every column but the last", () => {
  assert.deepEqual(table([["a", "bb", "c"], ["aaa", "b", "cccc"]]), ["a    bb  c", "aaa  b   cccc"]);
  assert.deepEqual(table([]), []);
});

test("tree() draws children below their parent, and each item of a circle once", () => {
  const children: Record<string, string[]> = { a: ["b", "c"], b: ["d"], d: ["b"] };
  const drawn = tree(["a"], (x) => children[x] ?? []).map(({ item, mark }) => mark + item);
  assert.deepEqual(drawn, ["a", "|- b", "|  |- d", "|- c"]);
});
