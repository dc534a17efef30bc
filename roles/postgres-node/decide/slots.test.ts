import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RegisteredNode } from "../../../core/protocol/status.ts";
import { decideUnneededSlots, slotsToGiveUp, type SlotView } from "./slots.ts";

const node = (nodeId: number): RegisteredNode => ({
  nodeId,
  nodeName: `node${nodeId}`,
  host: `pg${nodeId}`,
  port: 5432,
  type: "standby",
  upstreamNodeId: 1,
  active: true,
  priority: 100,
});
const view = (changes: Partial<SlotView>): SlotView => ({
  selfId: 1,
  selfHost: "pg1",
  slots: [],
  registered: [node(1), node(2), node(3)],
  peers: [],
  ...changes,
});
const idle = (id: number) => ({ name: `repmgr_slot_${id}`, active: false });

test("decideUnneededSlots() drops the slot of a node that streams from another node", () => {
  const peers = [{ nodeId: 2, role: "standby", streamsFrom: "pg3" }, {
    nodeId: 3,
    role: "standby",
    streamsFrom: "pg1",
  }];
  assert.deepEqual(decideUnneededSlots(view({ slots: [idle(2), idle(3)], peers })).map((s) => s.name), [
    "repmgr_slot_2",
  ]);
});

test("decideUnneededSlots() drops its own slot and those of nodes that are no longer registered", () => {
  const names = decideUnneededSlots(view({ slots: [idle(1), idle(9)] })).map((s) => s.name);
  assert.deepEqual(names, ["repmgr_slot_1", "repmgr_slot_9"]);
});

test("decideUnneededSlots() keeps the slot of a node it cannot see, and everything while repmgr's tables cannot be seen", () => {
  assert.deepEqual(decideUnneededSlots(view({ slots: [idle(2)] })), []);
  assert.deepEqual(decideUnneededSlots(view({ slots: [idle(9)], registered: null })), []);
});

test("decideUnneededSlots() never names a slot in use or one that is not repmgr's", () => {
  const slot = fc.record({
    name: fc.oneof(
      fc.integer({ min: 1, max: 12 }).map((i) => `repmgr_slot_${i}`),
      fc.string(),
      fc.constant("barman_the_backupper"),
    ),
    active: fc.boolean(),
  });
  const peer = fc.record({
    nodeId: fc.integer({ min: 1, max: 12 }),
    role: fc.constantFrom("primary", "standby", "none"),
    streamsFrom: fc.option(fc.constantFrom("pg1", "pg2", "pg3")),
  });
  fc.assert(fc.property(fc.array(slot), fc.array(peer), (slots, peers) => {
    const dropped = decideUnneededSlots(view({ slots, peers }));
    return dropped.every((d) => d.name.startsWith("repmgr_slot_") && slots.some((s) => s.name === d.name && !s.active));
  }));
});

test("slots that nobody uses give way before the volume is full", () => {
  const slots = [
    { ...idle(2), keptBytes: 1e9 },
    { name: "barman_the_backupper", active: false, keptBytes: 1e9 },
    { name: "repmgr_slot_3", active: true, keptBytes: 1e9 },
    { ...idle(4), keptBytes: 1e6 },
  ];
  assert.deepEqual(slotsToGiveUp({ freeBytes: 99, totalBytes: 1000 }, slots), [
    "repmgr_slot_2",
    "barman_the_backupper",
  ]);
  assert.deepEqual(slotsToGiveUp({ freeBytes: 101, totalBytes: 1000 }, slots), []);
});

test("the slot of a node that answers and is not registered yet stays; that of an unknown node is dropped", () => {
  const slots = [{ name: "repmgr_slot_9", active: false }];
  const registered = [{ ...node(1) }];
  const peers = [{ nodeId: 9, role: "none", streamsFrom: null }];
  assert.deepEqual(decideUnneededSlots({ selfId: 1, selfHost: "a", slots, registered, peers }), []);
  assert.equal(decideUnneededSlots({ selfId: 1, selfHost: "a", slots, registered, peers: [] }).length, 1);
});
