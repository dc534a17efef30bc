// Tasks refuse what they do not know.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatorError } from "../core/words/errors.ts";
import { optionsOf } from "./options.ts";

const accepted = { minutes: "count", calm: "flag", mode: ["strict", "eventual"], only: "text" } as const;
const read = (...args: string[]) => optionsOf(accepted, { args, most: 1 });

test("options are read by their kind", () => {
  assert.deepEqual(read("--minutes", "5", "--calm", "--mode", "strict", "word"), {
    minutes: 5,
    calm: true,
    mode: "strict",
    only: undefined,
    rest: ["word"],
  });
  assert.equal(read().calm, false);
});

test("anything else is refused, with what is accepted", () => {
  const wrong = [["--help"], ["--minutes"], ["--minutes", "1.5"], ["--minutes", "x"], ["--mode", "fast"], ["a", "b"], [
    "--calm=1",
  ]];
  for (const args of wrong) {
    assert.throws(() => read(...args), (error) => {
      assert.ok(error instanceof OperatorError, String(error));
      assert.equal(error.exitCode, 64);
      assert.match(error.fix, /--minutes N, --calm, --mode strict\|eventual, --only TEXT/);
      return true;
    });
  }
});
