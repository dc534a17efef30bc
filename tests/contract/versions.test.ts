// Our parsers against what the programs of every combination printed: recorded by `deno task smoke --record`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBackupInfo } from "../../roles/barman/text/backup-info.ts";
import { hasBarman } from "../../config/barman-features.ts";
import { parseBackupDetails, parseBackups, parseCheck } from "../../roles/barman/text/barman-output.ts";
import { parseEnd, parseMark } from "../../roles/barman/text/waldump.ts";
import { parseNodeInfo } from "../../roles/pgpool/text/node-info.ts";
import { parseShows, showFamilies } from "../../roles/pgpool/text/pool-shows.ts";
import { parseControlData, parseWaldumpEnd } from "../../roles/postgres-node/text/controldata.ts";
import versions from "../../images/versions.json" with { type: "json" };
import bookworm from "./recorded/bookworm.json" with { type: "json" };
import sid from "./recorded/sid.json" with { type: "json" };
import trixie from "./recorded/trixie.json" with { type: "json" };

const recorded: Readonly<Record<string, typeof trixie>> = { bookworm, sid, trixie };

test("every combination is recorded", () => {
  assert.deepEqual(versions.combinations.map((c) => c.suite).toSorted(), Object.keys(recorded).toSorted());
});

for (const combination of versions.combinations) {
  const { suite } = combination;
  const printed = recorded[suite]!;

  test(`${suite}: pg_controldata and pg_waldump are read`, () => {
    const control = parseControlData(printed.controldata);
    assert.match(control.systemIdentifier, /^\d{19}$/);
    assert.deepEqual([control.state, control.segmentBytes], ["in production", 16 * 1024 * 1024]);
    const end = parseWaldumpEnd(printed.waldumpStats);
    assert.match(end ?? "", /^[0-9A-F]+\/[0-9A-F]+$/);
    assert.equal(parseEnd(printed.waldumpStats), end);
    const marks = printed.waldumpMarks.split("\n").map(parseMark);
    assert.ok(marks.length >= 3 && marks.every((mark) => mark !== null), printed.waldumpMarks);
    assert.ok(marks.some((m) => m?.name === "a point"));
    assert.ok(marks.some((m) => m?.kind === "commit" && m.xid > 0 && m.atMicros > 0n));
  });

  test(`${suite}: pgpool's backends and counters are read`, () => {
    const nodes = parseNodeInfo(printed.nodeInfo);
    assert.deepEqual(nodes.map((n) => [n.id, n.status]), [0, 1, 2].map((id) => [id, "up"]));
    assert.equal(nodes.filter((n) => n.role === "primary").length, 1);
    const families = showFamilies(parseShows(printed.shows));
    assert.deepEqual(families.filter((f) => f.samples.length === 0).map((f) => f.name), []);
  });

  test(`${suite}: barman's answers and its record are read`, () => {
    assert.deepEqual(parseCheck(printed.barmanCheck, "pg_cluster"), []);
    const newest = parseBackups(printed.barmanList, "pg_cluster").at(-1)!;
    assert.deepEqual([newest.status, newest.retention], ["DONE", "VALID"]);
    assert.ok(newest.sizeBytes! > 10_000_000 && newest.endSeconds! > 0);
    const shown = parseBackupDetails(printed.barmanShow, "pg_cluster");
    assert.equal(shown.id, newest.id);
    assert.ok(shown.sizeBytes > 10_000_000 && shown.copySeconds! > 0);
    const record = parseBackupInfo(newest.id, printed.barmanRecord);
    assert.ok(record !== null && record.endMicros !== null && record.sizeBytes! > 10_000_000);
  });

  test(`${suite}: barman has the options that are taken for granted there, and no others`, () => {
    assert.equal(printed.barmanOptions.includes("--incremental"), hasBarman(combination, "incremental backups"));
    assert.equal(printed.cloudOptions.includes("--sse-kms-key-id"), hasBarman(combination, "key of the store"));
  });
}
