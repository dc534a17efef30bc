// Passwords that everybody knows are found by the names of their variables; their values are not told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { publishedPasswords } from "./published.ts";
import { replicationPassword } from "./shared.ts";

test("the default and the passwords of the examples are known; a missing one and any other are not", () => {
  const named = publishedPasswords({ A: replicationPassword.fallback, B: "monkey_pass", C: null, D: "", E: "other" });
  assert.deepEqual(named, ["A", "B"]);
});
