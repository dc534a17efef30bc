// The files that hold the places of timelines: never in place of a history, and never left for a start.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { WalPosition } from "../../../core/postgres/lsn.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { clearHistories, holdOlder, makeNext, newestHistory, newestWal, removeBeyondForks } from "./timelines.ts";

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
    await clearHistories(pgdata, null, log);
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
    await clearHistories(pgdata, null, log);
    assert.deepEqual((await readdir(wal)).toSorted(), ["00000002.history", "00000003.history"]);
    await clearHistories(pgdata, null, log);
    assert.deepEqual((await readdir(wal)).toSorted(), ["00000002.history", "00000003.history"]);
  });
});

test("before a start the history of a timeline that the WAL here can never follow is removed, and no other", async () => {
  const forks = { "00000002.history": real, "00000003.history": "# a\n", "00000004.history": "2\t0/5000000\tx\n" };
  const left = async (own: WalPosition, files: Record<string, string> = forks) => {
    let names: string[] = [];
    await inDirectory(files, async (pgdata, wal) => {
      await clearHistories(pgdata, own, log);
      names = (await readdir(wal)).map((n) => n.slice(7, 8)).toSorted();
    });
    return names;
  };
  assert.deepEqual(await left({ timeline: 2, lsn: "0/4000000" }), ["2", "3", "4"]);
  assert.deepEqual(await left({ timeline: 2, lsn: "0/5000001" }), ["2"], "it goes beyond the fork");
  assert.deepEqual(await left({ timeline: 1, lsn: "0/1000000" }), ["2"], "only timeline 2 began here");
  assert.deepEqual(await left({ timeline: 4, lsn: "0/6000000" }), ["2", "3", "4"]);
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

test("after a rewind WAL beyond a fork is removed, and what the newest timeline can read stays", async () => {
  const files = Object.fromEntries(
    ["000000010000000000000002", "000000010000000000000003", "000000020000000000000004"].map((name) => [name, ""]),
  );
  await inDirectory({ ...files, "00000002.history": real }, async (pgdata, wal) => {
    await removeBeyondForks(pgdata, 16 * 1024 * 1024, log);
    assert.deepEqual((await readdir(wal)).toSorted(), [
      "000000010000000000000002",
      "00000002.history",
      "000000020000000000000004",
    ]);
  });
});
