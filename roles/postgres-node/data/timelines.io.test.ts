// The files that hold the places of timelines: never in place of a history, and never left for a start.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { clearPlaceHolders, holdOlder, makeNext, newestHistory, newestWal } from "./timelines.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const real = "1\t0/3000090\tno recovery target specified\n";

async function inDirectory(files: Record<string, string>, run: (pgdata: string, wal: string) => Promise<void>) {
  const pgdata = await mkdtemp(join(tmpdir(), "timelines-"));
  const wal = join(pgdata, "pg_wal");
  try {
    await mkdir(wal);
    for (const [name, text] of Object.entries(files)) await writeFile(join(wal, name), text);
    await run(pgdata, wal);
  } finally {
    await rm(pgdata, { recursive: true });
  }
}

test("the numbers up to the wanted one are held, and a history that is there stays", async () => {
  await inDirectory({ "00000003.history": real }, async (pgdata, wal) => {
    await makeNext(pgdata, 1, 5);
    assert.deepEqual((await readdir(wal)).toSorted(), ["00000002.history", "00000003.history", "00000004.history"]);
    assert.equal(await readFile(join(wal, "00000003.history"), "utf8"), real);
    assert.match(await readFile(join(wal, "00000002.history"), "utf8"), /^# a place-holder/);
    assert.equal(await newestHistory(pgdata), 4);
  });
});

test("a number that has a history already is refused, and nothing is written", async () => {
  await inDirectory({ "0000000B.history": real }, async (pgdata, wal) => {
    await assert.rejects(makeNext(pgdata, 1, 11), /timeline 11 has a history file already/);
    assert.deepEqual((await readdir(wal)).toSorted(), ["0000000B.history"]);
    assert.equal(await newestHistory(pgdata), 11);
  });
});

test("a clone holds the places of all older timelines, and those are left for a start", async () => {
  await inDirectory({ "00000003.history": real, "00000005.history": real }, async (pgdata, wal) => {
    await holdOlder(pgdata);
    await clearPlaceHolders(pgdata, log);
    assert.deepEqual((await readdir(wal)).toSorted(), [2, 3, 4, 5].map((t) => `0000000${t}.history`));
    assert.equal(await readFile(join(wal, "00000003.history"), "utf8"), real);
  });
  await inDirectory({}, async (pgdata, wal) => {
    await holdOlder(pgdata);
    assert.deepEqual(await readdir(wal), []);
  });
});

test("a number that no cluster can have reached fills no disk", async () => {
  await inDirectory({}, async (pgdata, wal) => {
    await assert.rejects(makeNext(pgdata, 1, 1e9), /timeline 1000000000 is 999999999 above this node's own/);
    assert.deepEqual(await readdir(wal), []);
  });
});

test("before a start only the place-holders above the newest history are removed", async () => {
  const held = {
    "00000002.history": "# a\n",
    "00000003.history": real,
    "00000004.history": "",
    "00000005.history": "# b\n",
  };
  await inDirectory(held, async (pgdata, wal) => {
    await clearPlaceHolders(pgdata, log);
    assert.deepEqual((await readdir(wal)).toSorted(), ["00000002.history", "00000003.history"]);
    await clearPlaceHolders(pgdata, log);
    assert.deepEqual((await readdir(wal)).toSorted(), ["00000002.history", "00000003.history"]);
  });
});

test("the newest timeline with WAL and a history: a place-holder is none, nor is a promotion that was cut short", async () => {
  const file = (timeline: number) => `0000000${timeline}0000000000000005`;
  const files = { [file(1)]: "", [file(2)]: "", [file(3)]: "", [file(4)]: "", "00000002.history": real };
  await inDirectory({ ...files, "00000003.history": "# a place-holder\n" }, async (pgdata) => {
    const history = [{ timeline: 1, endLsn: "0/3000090" }];
    assert.deepEqual(await newestWal(pgdata), { timeline: 2, history });
  });
  await inDirectory({ [file(1)]: "" }, async (pgdata) => assert.equal(await newestWal(pgdata), null));
});
