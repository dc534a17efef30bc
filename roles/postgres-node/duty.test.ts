// What fails at each look is said where an operator looks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { endLife, fakeNode } from "../../tests/support/fake-node.ts";
import { runNode } from "./life.ts";
import { statusOf } from "./node.ts";

test("a duty that fails again and again is in /status with its fix until it succeeds; one failure is not", async () => {
  const f = fakeNode();
  const { missing } = f.node.doors.server;
  f.node.doors.server.missing = () =>
    Promise.reject(new Error('could not open directory "pg_tblspc/16384": Permission denied'));
  const life = runNode(f.node);
  await f.clock.pass(8_000);
  assert.deepEqual(statusOf(f.node).settings, []);
  await f.clock.pass(12_000);
  const [trouble] = statusOf(f.node).settings;
  assert.match(
    trouble!.because,
    /fails again and again at "whole data": could not open directory .* Permission denied/,
  );
  assert.notEqual(trouble!.fix, "");
  f.node.doors.server.missing = missing;
  await f.clock.pass(36_000);
  assert.deepEqual(statusOf(f.node).settings, []);
  await endLife(f, life);
});
