// Slots: one without a consumer, one near its bound, one that has lost WAL; and those that are in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlotFacts } from "../../core/protocol/server-facts.ts";
import { slots } from "./diagnose-slots.ts";

const MB = 1024 * 1024;
function found(changes: Partial<SlotFacts>): string[] {
  const slot = {
    name: "barman",
    active: false,
    forNobody: false,
    wal: "reserved",
    keptBytes: 0,
    safeBytes: 1000 * MB,
    ...changes,
  };
  return slots("pg1", { version: "17.6", connections: 97, slots: [slot] })
    .map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`);
}

test("a slot that nobody reads is named once it keeps much WAL, with the way to drop it", () => {
  assert.deepEqual(found({ keptBytes: 63 * MB }), []);
  assert.deepEqual(found({ keptBytes: 500 * MB, active: true }), []);
  assert.deepEqual(found({ keptBytes: null, wal: null, safeBytes: null }), []);
  assert.match(
    found({ keptBytes: 64 * MB }).join(),
    /^warning pg1: slot barman of pg1 has no consumer: it keeps 64.0 MB of WAL; .*pg_drop_replication_slot\('barman'\)/,
  );
});

test("a slot near its bound is named whether or not something reads it", () => {
  const near = { keptBytes: 900 * MB, safeBytes: 100 * MB };
  assert.match(found(near).join(), /^warning .*near its bound: it keeps 900.0 MB of WAL, 100.0 MB more .*; start its/);
  assert.match(found({ ...near, active: true }).join(), /^warning .*near its bound: .*; see why it reads so slowly/);
  assert.match(found({ wal: "unreserved", safeBytes: -MB, keptBytes: 900 * MB }).join(), /near its bound.* 0 B more/);
  assert.deepEqual(found({ keptBytes: 10 * MB, safeBytes: null }), []);
});

test("a logical slot that nobody uses on a standby is named once, however much WAL it keeps", () => {
  const forNobody = { name: "it's", forNobody: true };
  for (const keptBytes of [null, 0, 64 * MB]) {
    const [one, ...more] = found({ ...forNobody, keptBytes });
    assert.match(one!, /^warning pg1: slot it's of pg1 has no consumer: .*pg_drop_replication_slot\('it''s'\)/);
    assert.deepEqual(more, []);
  }
  assert.deepEqual(found({ ...forNobody, active: true, keptBytes: 0 }), []);
});

test("a slot that has lost WAL is an error", () => {
  assert.match(
    found({ wal: "lost", keptBytes: null, safeBytes: null }).join(),
    /^error pg1: slot barman of pg1 has lost WAL/,
  );
});

test("a node that does not report its server has no findings about slots", () => {
  assert.deepEqual([slots("pg1", undefined), slots("pg1", null)], [[], []]);
});
