// Tests of CONFIGS as each version of PostgreSQL takes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { translateSettings } from "./postgresql-conf.ts";

const judged = (name: string, postgres: string) => translateSettings([{ name, value: "on" }], { postgres });

test("a setting goes through as long as this version has it, and is translated or left out after that", () => {
  assert.deepEqual(judged("force_parallel_mode", "15").settings, [{ name: "force_parallel_mode", value: "on" }]);
  assert.deepEqual(judged("force_parallel_mode", "17").settings, [{ name: "debug_parallel_query", value: "on" }]);
  assert.match(judged("force_parallel_mode", "17").warnings[0] ?? "", /became debug_parallel_query in PostgreSQL 16/);
  assert.deepEqual(judged("old_snapshot_threshold", "15").warnings, []);
  assert.deepEqual(judged("old_snapshot_threshold", "18").settings, []);
  assert.match(judged("old_snapshot_threshold", "18").warnings[0] ?? "", /no longer exists since PostgreSQL 17/);
  assert.equal(judged("stats_temp_directory", "15").settings.length, 0);
});
