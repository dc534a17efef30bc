// Which events of pgpool and barman are kept for the history.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventEntry } from "./all.ts";
import { isKept, keptEvents } from "./history.ts";

test("what is kept is logged at a level that counts, and has the reason or the object that it is about", () => {
  for (const event of Object.values(keptEvents).flat()) {
    const { levels, fields } = eventEntry(event);
    assert.ok(!levels.includes("debug"), event);
    assert.notEqual(fields, "", event);
  }
});

test("events of another component, or that tell nothing of its life, are not kept", () => {
  assert.equal(isKept("Pool changed", "pgpool", []), true);
  assert.equal(isKept("Pool changed", "pgpool", ["Pool changed"]), true);
  assert.equal(isKept("Pool changed", "barman", []), false);
  assert.equal(isKept("Output", "barman", []), false);
});

test("what is logged again and again is kept once, until it has ended", () => {
  const lost = "No primary in sight";
  assert.equal(isKept(lost, "pgpool", ["Primary in sight"]), true);
  assert.equal(isKept(lost, "pgpool", ["Primary in sight", lost, "Pool changed"]), false);
  assert.equal(isKept(lost, "pgpool", [lost, "Primary in sight", "Pool changed"]), true);
  assert.equal(isKept(lost, "barman", [lost, "Following another primary"]), true);
  const login = "A login through pgpool failed";
  assert.equal(isKept(login, "pgpool", [login]), true, "it is logged once each time: logins have worked meanwhile");
});
