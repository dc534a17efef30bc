import assert from "node:assert/strict";
import { test } from "node:test";
import { ownSession } from "./own-session.ts";

test("a session sets nothing that its server does not know: it would not be let in", () => {
  const names = (postgres: string) => Object.keys(ownSession({ postgres }));
  assert.ok(!names("15").includes("transaction_timeout"));
  assert.ok(names("17").includes("transaction_timeout"));
});
