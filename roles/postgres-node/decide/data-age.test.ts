import assert from "node:assert/strict";
import { test } from "node:test";
import { agoMs, before, type Moment } from "./data-age.ts";

const now: Moment = { wallMs: 1_000_000, boot: "a", uptimeMs: 500_000 };

test("within one start of the machine its uptime counts, whatever the wall clock did", () => {
  assert.equal(agoMs(before(now, 70_000), now), 70_000);
  assert.equal(agoMs({ ...before(now, 70_000), wallMs: now.wallMs + 3_600_000 }, now), 70_000);
  assert.equal(agoMs({ ...before(now, 70_000), wallMs: 0 }, now), 70_000);
});

test("after another start of the machine, or on another one, the wall clock counts", () => {
  const old = before(now, 70_000);
  assert.equal(agoMs(old, { ...now, boot: "b", uptimeMs: 3 }), 70_000);
  assert.equal(agoMs(old, { ...now, boot: null, uptimeMs: null }), 70_000);
  // a container whose uptime begins with it
  assert.equal(agoMs(old, { ...now, uptimeMs: 3 }), 70_000);
});

test("a wall clock that went back tells nothing", () => {
  assert.equal(agoMs({ ...now, boot: "b" }, { ...now, wallMs: now.wallMs - 1 }), Infinity);
});
