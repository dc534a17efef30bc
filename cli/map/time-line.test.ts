// The backups on a line of time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { backup, wallMs } from "../../tests/support/map-view.ts";
import { timeLine } from "./time-line.ts";

test("the window reaches from the end of the oldest backup to now, with every backup, the drill and the next one", () => {
  const line = timeLine(backup(), wallMs)!;
  assert.deepEqual(line.marks.map((m) => m.kind), ["backup", "backup", "backup", "drill", "next", "now"]);
  const at = (kind: string) => line.marks.filter((m) => m.kind === kind).map((m) => m.at);
  assert.deepEqual(line.window, { from: at("backup")[0], to: at("now")[0] });
  assert.equal(at("drill")[0], at("backup")[1]);
  assert.ok(line.marks.every((m) => m.at >= 0 && m.at <= 100));
  assert.equal(line.untilNow, true);
});

test("a backup that is due much later does not squeeze the line", () => {
  const line = timeLine(backup({ nextBackupMs: wallMs + 1e9 }), wallMs)!;
  assert.ok(!line.marks.some((m) => m.kind === "next"));
});

test("without WAL the window is only certain up to the newest backup; without a backup there is none", () => {
  const line = timeLine(backup({ receiving: false }), wallMs)!;
  assert.equal(line.window.to, line.marks.filter((m) => m.kind === "backup").at(-1)!.at);
  assert.equal(line.untilNow, false);
  assert.equal(timeLine(backup({ catalog: [] }), wallMs), null);
  assert.equal(timeLine(backup({ catalog: null }), wallMs), null);
});
