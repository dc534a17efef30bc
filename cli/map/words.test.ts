// Times, counts and commands as the page says them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsIn, listText, sentence, spanText } from "./words.ts";

test("a span has its two largest units", () => {
  const spans = {
    900: "0 s",
    119_000: "119 s",
    120_000: "2 min",
    3_600_000: "1 h",
    7_500_000: "2 h 5 min",
    2.664e8: "3 d 2 h",
  };
  for (const [ms, text] of Object.entries(spans)) assert.equal(spanText(Number(ms)), text);
});

test("a list of names is a piece of a sentence; a sentence never changes the name that it begins with", () => {
  assert.deepEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listText), ["", "a", "a and b", "a, b and c"]);
  assert.equal(sentence("pg1 leads", ["pg1"]), "pg1 leads");
  assert.equal(sentence("no node leads", ["pg1"]), "No node leads");
});

test("what is to be typed stands apart, and no word is lost", () => {
  const commands = (text: string) => commandsIn(text).filter((p) => p.command).map((p) => p.text);
  assert.deepEqual(commands("start a; if it is gone, type: postdock cluster failover --force b"), [
    "postdock cluster failover --force b",
  ]);
  assert.deepEqual(commands("type: postdock cluster resume; or start a"), ["postdock cluster resume"]);
  assert.deepEqual(commands("see `postdock cluster show` and `x`"), ["postdock cluster show", "x"]);
  assert.deepEqual(commands("nothing to type"), []);
  assert.equal(commandsIn("a `b` c").map((p) => p.text).join(""), "a b c");
});
