import assert from "node:assert/strict";
import { test } from "node:test";
import { type Done, lineOf, summary } from "./report.ts";

const done: Done = {
  at: "2026-01-02T03:04:05.000Z",
  act: { kind: "kill", targets: ["a", "b"], lastsMs: 1_000 },
  primary: "a",
  primaryAfter: "b",
  tookMs: 1_200,
  recoveryMs: 8_000,
  gapMs: 4_000,
  lost: [],
  finding: null,
};
const settings: Done = {
  ...done,
  act: { kind: "settings", targets: ["a", "b", "c"], lastsMs: 1, value: 120 },
  tookMs: 60_000,
  finding: "not whole",
};

test("an act is a line with its targets and times", () => {
  assert.equal(
    lineOf(done),
    "03:04:05 kill a (primary) and b: took 1.2 s, whole after 8.0 s, no write for 4.0 s, lost 0",
  );
  assert.match(lineOf(settings), /^03:04:05 settings all nodes to 120: took 60.0 s.*; FINDING not whole$/);
});

test("the summary names each kind of act with its times and its promise, and what to repeat the run by", () => {
  const lines = summary([done, settings, { ...done, recoveryMs: 9_000 }], { seed: 7, form: "icu", load: 1 });
  assert.equal(lines[0], "kill: 2 of 2 held, took up to 1.2 s, whole after up to 9.0 s");
  assert.match(
    lines[1]!,
    /^settings: 0 of 1 held, took up to 60.0 s, .*; every node runs with the new max_connections$/,
  );
  assert.match(lines[2]!, /^seed 7, form icu: 3 acts, .*0 acknowledged writes lost, 1 findings; load 1.0$/);
});
