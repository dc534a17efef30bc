// Tests of what is asked of each version of PostgreSQL: a column that a version lacks fails the whole source.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ioSources } from "./io-sources.ts";
import { statSources } from "./stat-sources.ts";

const sqlOf = (name: string, postgres: string) =>
  [...statSources({ postgres }), ...ioSources({ postgres })].find((s) => s.name === name)!.sql;

test("pg_stat_bgwriter is asked for what moved away only before PostgreSQL 17", () => {
  assert.match(sqlOf("stat_bgwriter", "16"), /checkpoints_timed::float8.* from pg_stat_bgwriter$/);
  assert.doesNotMatch(sqlOf("stat_bgwriter", "16"), /pg_stat_checkpointer/);
  assert.match(sqlOf("stat_bgwriter", "17"), /c\.num_timed::float8 as checkpoints_timed/);
});

test("columns that came with a version are asked of it and of later ones only", () => {
  const asked = (source: string, column: string) =>
    ["15", "16", "17", "18"].filter((version) => new RegExp(`\\b${column}\\b`).test(sqlOf(source, version)));
  assert.deepEqual(asked("stat_database_conflicts", "confl_active_logicalslot"), ["16", "17", "18"]);
  assert.deepEqual(asked("stat_checkpointer", "num_done"), ["18"]);
  assert.deepEqual(asked("stat_io", "op_bytes"), ["15", "16", "17"], "15 has no pg_stat_io at all");
  assert.deepEqual(asked("stat_io", "sum\\(read_bytes"), ["18"]);
});

test("the columns of a source are those that its statement answers with", () => {
  for (const postgres of ["15", "17", "18"]) {
    for (const { name, sql, columns } of [...statSources({ postgres }), ...ioSources({ postgres })]) {
      for (const { column } of columns) assert.match(sql, new RegExp(`\\b${column}\\b`), `${name} of ${postgres}`);
    }
  }
});
