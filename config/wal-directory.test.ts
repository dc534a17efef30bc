// POSTGRES_INITDB_ARGS holds what people give the official image, whose shell takes quotes away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { initdbArgs } from "./wal-directory.ts";

test("quotes hold a value together, and do not reach initdb", () => {
  const args = (text: string) => initdbArgs.parse(text, "environment");
  assert.deepEqual(args("--lc-collate='C'  --locale=\"de DE\" -k"), ["--lc-collate=C", "--locale=de DE", "-k"]);
  assert.throws(() => args("--lc-collate='C"), /quote that is not closed/);
});
