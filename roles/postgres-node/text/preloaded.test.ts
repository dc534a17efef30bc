// Which files PostgreSQL loads by its settings.
import assert from "node:assert/strict";
import { test } from "node:test";
import { librariesOf } from "./preloaded.ts";

const files = (name: string, value: string) => librariesOf([{ name, value }], "/lib").map((l) => l.files[1]);

test("each library has its file, with and without a directory, quotes and spaces", () => {
  assert.deepEqual(files("shared_preload_libraries", 'repmgr, "pg_stat_statements",$libdir/x,/opt/y'), [
    "/lib/repmgr.so",
    "/lib/pg_stat_statements.so",
    "/lib/x.so",
    "/opt/y.so",
  ]);
  assert.deepEqual(files("local_preload_libraries", "auto_explain"), ["/lib/plugins/auto_explain.so"]);
  assert.deepEqual(files("work_mem", "auto_explain"), []);
});

test("with another search path nothing is judged", () => {
  const settings = [{ name: "session_preload_libraries", value: "x" }, { name: "dynamic_library_path", value: "/opt" }];
  assert.deepEqual(librariesOf(settings, "/lib"), []);
});
