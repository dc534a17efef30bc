import assert from "node:assert/strict";
import { test } from "node:test";
import { isDriverFault, isOutOfFiles } from "./passing-fault.ts";

const thrown = (message: string, stack: string) => Object.assign(new TypeError(message), { stack });
const driver = "at nextWrite (node_modules/.deno/postgres@3.4.9/node_modules/postgres/src/connection.js:255:22)";

test("the driver's write to a closed connection is known in both runtimes, and nothing else is", () => {
  assert.ok(isDriverFault(thrown("Cannot read properties of null (reading 'write')", driver)));
  assert.ok(isDriverFault(thrown("null is not an object (evaluating 'U.write')", driver)));
  const byTimer = `${driver}\n at __processTimers (ext:core/01_core.js:448:21)`;
  assert.ok(isDriverFault(thrown("Cannot read properties of null (reading 'write')", byTimer)));
  assert.ok(!isDriverFault(thrown("null is not an object (evaluating 'U.write')", "at x (core/runtime/log.ts:1:1)")));
  assert.ok(!isDriverFault(thrown("null is not an object (evaluating 'U.length')", driver)));
  assert.ok(!isDriverFault(new Error("Cannot read properties of null (reading 'write')")));
});

test("a process without descriptors is known by the code of the error, and by nothing else", () => {
  for (const code of ["EMFILE", "ENFILE"]) assert.ok(isOutOfFiles(Object.assign(new Error("open"), { code })));
  for (const other of [new Error("EMFILE"), null, undefined, "EMFILE", { code: "ENOENT" }]) {
    assert.ok(!isOutOfFiles(other));
  }
});
