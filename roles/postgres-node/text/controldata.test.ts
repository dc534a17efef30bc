import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseWalRange, isUnborn, parseControlData, parseWaldumpEnd } from "./controldata.ts";

// printed by pg_controldata 17 for a fresh cluster; the lines that are read
const printed = [
  `Database system identifier:           7711307474653241363`,
  `Database cluster state:               shut down`,
  `Latest checkpoint location:           0/1500C78`,
  `Latest checkpoint's REDO location:    0/1500C78`,
  `Latest checkpoint's TimeLineID:       1`,
  `Minimum recovery ending location:     0/0`,
  `Min recovery ending loc's timeline:   0`,
  `Bytes per WAL segment:                16777216`,
].join("\n");

test("parseControlData() reads what pg_controldata 17 prints", () => {
  const control = parseControlData(printed);
  assert.match(control.systemIdentifier, /^\d{19}$/);
  assert.equal(control.state, "shut down");
  assert.equal(control.checkpoint.timeline, 1);
  assert.equal(control.checkpoint.lsn, control.redoLsn);
  assert.equal(control.minRecoveryEnd, null, "0/0 means that there is none");
});

test("parseControlData() refuses an output that lacks a field, and names it", () => {
  for (const line of printed.split("\n")) {
    const name = line.split(":")[0]!.trim();
    assert.throws(() => parseControlData(printed.replace(line, "")), (error: Error) => error.message.includes(name));
  }
});

const MB = 1024 * 1024;
const control = {
  systemIdentifier: "1",
  state: "in production",
  checkpoint: { timeline: 1, lsn: "0/3000060" },
  redoLsn: "0/3000028",
  minRecoveryEnd: null,
  segmentBytes: 16 * MB,
};
const segment = (timeline: number, number: number) =>
  `${timeline.toString(16).padStart(8, "0")}00000000${number.toString(16).padStart(8, "0")}`.toUpperCase();

test("chooseWalRange() reads from the checkpoint to the last segment without a gap", () => {
  const files = [segment(1, 2), segment(1, 3), segment(1, 4), segment(1, 6), "archive_status"];
  assert.deepEqual(chooseWalRange(control, files), {
    timeline: 1,
    files: [segment(1, 3), segment(1, 4)],
    startLsn: "0/3000028",
    endLsn: "0/5000000",
  });
});

test("chooseWalRange() takes the newest timeline that has segments at or after the checkpoint", () => {
  const files = [segment(1, 3), segment(1, 4), segment(2, 4), segment(2, 5), segment(3, 1), "00000002.history"];
  assert.deepEqual(chooseWalRange(control, files), {
    timeline: 2,
    files: [segment(2, 4), segment(2, 5)],
    startLsn: "0/4000000",
    endLsn: "0/6000000",
  });
});

test("a promotion that was cut short before its history file was written has begun no timeline", () => {
  const files = [segment(1, 3), segment(2, 3)];
  assert.equal(chooseWalRange(control, files).timeline, 1);
  assert.equal(isUnborn(1, files, 16 * MB), true);
  assert.equal(isUnborn(1, [...files, "00000002.history"], 16 * MB), false);
  assert.equal(isUnborn(2, files, 16 * MB), false, "what an earlier one left");
  assert.equal(isUnborn(1, [segment(1, 3), "archive_status"], 16 * MB), false);
});

test("chooseWalRange() names a file of a high timeline and segment as PostgreSQL does", () => {
  const far = { ...control, checkpoint: { timeline: 26, lsn: "1A/FF000028" }, redoLsn: "1A/FF000028" };
  const name = "0000001A0000001A000000FF";
  assert.deepEqual(chooseWalRange(far, []).files, [name, name]);
  const large = { ...far, segmentBytes: 64 * MB };
  const last = "0000001A0000001A0000003F";
  assert.deepEqual(chooseWalRange(large, []).files, [last, last], "64 segments of 64 MB have the same high number");
});

test("parseWaldumpEnd() takes the end of the last record, and null where nothing was read", () => {
  assert.equal(parseWaldumpEnd("WAL statistics between 0/3000028 and 0/3000138:\nType N"), "0/3000138");
  assert.equal(parseWaldumpEnd("WAL statistics between 0/3000028 and 0/0:\n"), null);
  assert.equal(parseWaldumpEnd(""), null);
});
