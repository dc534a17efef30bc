// What an operator reads before a restore of the cluster: how much room it needs, and what is lost, since when.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RestoreOrder } from "../../core/protocol/restore.ts";
import type { RestorePlan } from "../../roles/barman/decide/restore-plan.ts";
import { clusterOf } from "../../tests/support/seen-cluster.ts";
import { renderEffect } from "./effect.ts";

const atMs = Date.parse("2026-11-28T10:15:00Z");
const order = { bytes: 2 ** 30, ssh: false, stop: { at: "record", lsn: "0/2000000" }, tablespaces: [] };
const mark = { kind: "commit", xid: 7, atMicros: BigInt(atMs) * 1000n };
const plan = { stop: { at: "record", mark }, wal: [1, 2], backup: { segmentBytes: 2 ** 24 } };

function effect(nowMs: number, changes: Partial<RestoreOrder> = {}): string {
  const cluster = clusterOf();
  const given = [{ ...order, ...changes } as RestoreOrder, plan as unknown as RestorePlan, cluster.nodes[0]!] as const;
  return renderEffect(...given, cluster, { verified: null, nowMs }).join("\n");
}

test("the plan names the room that is needed, data and WAL together, and nothing where the size is unknown", () => {
  assert.match(effect(atMs), /^node +pg1, needs 1\.0 GB, .* free; its old data are kept/m);
  assert.match(effect(atMs, { bytes: null }), /^node +pg1, (?!needs).* free/m);
});

test("what is lost is named with its beginning, and how long ago that was", () => {
  for (
    const [agoMs, text] of [[30_000, "30 s"], [5 * 60_000, "5 min"], [125 * 60_000, "2 h 5 min"], [-1, "0 s"]] as const
  ) {
    const lost = /^lost .*$/m.exec(effect(atMs + agoMs))![0];
    assert.ok(lost.includes("pg1 16.0 MB"), lost);
    assert.ok(lost.endsWith(`(every commit since 2026-11-28 10:15:00.000000+00, ${text} ago)`), lost);
  }
  assert.doesNotMatch(effect(atMs, { stop: { at: "end" } }), /^lost/m);
});

test("how long it takes is said to be unknown, with the way to know it", () => {
  assert.match(effect(atMs), /^duration +not known until .* postdock barman verify$/m);
});
