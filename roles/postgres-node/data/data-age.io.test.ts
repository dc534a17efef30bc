// The age of the data over a restart of the agent, through a real file.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FakeClock } from "../../../tests/support/fake-clock.ts";
import { server } from "../../../tests/support/fake-cluster.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { ageOf, observedBefore } from "../act/data-age.ts";
import { cutOff } from "../decide/lag.ts";
import type { Observed } from "../state/observed.ts";
import { momentNow, writeDataAge } from "./data-age.ts";
import { stateDirectory } from "./journal.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const position = { timeline: 1, lsn: "0/3000000" };
const end = { timeline: 1, lsn: "0/4000000" };

/** A standby looks at its server. */
function look(seen: Observed, nowMs: number, streaming: boolean) {
  if (seen.role() === "none") seen.serverStarted(nowMs);
  const upstream = { host: "pg1", port: 5432, streaming };
  seen.serverSeen({ ...server({ standby: true, replayLsn: position.lsn, upstream }), atMs: nowMs });
}
const cut = (seen: Observed) =>
  cutOff(position, { end: seen.now.primaryEnd, lastStreamMs: seen.now.lastStreamMs, allowedMs: 60_000 });

test("a standby that was cut off knows after a restart for how long, and what it lacks", async () => {
  const pgdata = await mkdtemp(join(tmpdir(), "age-"));
  try {
    await writeFile(join(pgdata, "PG_VERSION"), "17\n");
    let clock = new FakeClock();
    const first = await observedBefore(pgdata, { clock, log });
    assert.equal(first.now.lastStreamMs, null);
    look(first, clock.nowMs(), true);
    await clock.pass(300_000);
    look(first, clock.nowMs(), false);
    first.primarySeen({ ...end, atMs: clock.nowMs() });
    const known = cut(first);
    assert.equal(known?.ms, 300_000);
    await writeDataAge(pgdata, ageOf(first.now, clock.nowMs(), await momentNow(clock)));

    clock = new FakeClock(); // it counts from zero again
    const second = await observedBefore(pgdata, { clock, log });
    const again = cut(second);
    assert.ok(again !== null && Math.abs(again.ms - 300_000) < 5_000, JSON.stringify(again));
    assert.equal(again.bytes, known.bytes);
    look(second, clock.nowMs(), false);
    second.primarySeen({ ...end, atMs: clock.nowMs() });
    assert.ok((cut(second)?.ms ?? 0) >= 300_000, "a primary in sight again begins nothing anew");
    look(second, clock.nowMs(), true);
    assert.equal(cut(second), null);
    second.dataReplaced();
    await writeDataAge(pgdata, ageOf(second.now, clock.nowMs(), await momentNow(clock)));
    assert.equal((await observedBefore(pgdata, { clock, log })).now.lastStreamMs, null);
  } finally {
    await rm(pgdata, { recursive: true });
  }
});

test("a damaged record counts as none, and an empty volume stays empty", async () => {
  const pgdata = await mkdtemp(join(tmpdir(), "age-"));
  try {
    const clock = new FakeClock();
    const seen = await observedBefore(pgdata, { clock, log });
    look(seen, clock.nowMs(), true);
    const age = ageOf(seen.now, clock.nowMs(), await momentNow(clock));
    await writeDataAge(pgdata, age);
    await assert.rejects(readFile(stateDirectory(pgdata)), /ENOENT/);
    await writeFile(join(pgdata, "PG_VERSION"), "17\n");
    await writeDataAge(pgdata, age);
    await writeFile(join(stateDirectory(pgdata), "data-age.json"), "{");
    assert.equal((await observedBefore(pgdata, { clock, log })).now.lastStreamMs, null);
  } finally {
    await rm(pgdata, { recursive: true });
  }
});
