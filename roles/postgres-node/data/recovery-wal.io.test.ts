// A recovery gets the files that it asks for, and it is known when it has read the last one to its end.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HttpError } from "../../../core/client/peers.ts";
import type { Order } from "../../../core/protocol/orders.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { systemClock } from "../../../core/runtime/time.ts";
import { fakeConfig } from "../../../tests/support/fake-cluster.ts";
import type { FetchDeps } from "./fetch-wal.ts";
import { RecoveryWal } from "./recovery-wal.ts";

const place = "pg_wal/RECOVERYXLOG";
const wal = (segment: number) => `00000003000000000000000${segment}`;

async function withBarman(work: (node: FetchDeps, asked: string[], pgdata: string) => Promise<void>): Promise<void> {
  const pgdata = await mkdtemp(join(tmpdir(), "recovery-"));
  const asked: string[] = [];
  const has = new Map([[wal(7), "seven"], [wal(8), "eight"]]);
  const client = {
    ask: (order: Order<object, object>, host: string, question: object) => {
      const { name } = question as { name: string };
      asked.push(`${host} ${name}`);
      if (host === "gone") return Promise.reject(new Error("no answer within 30 s"));
      const content = has.get(name);
      if (content === undefined) return Promise.reject(new HttpError("/control/wal", 409, `barman has no ${name}`));
      const answer = { totalBytes: content.length, content: Buffer.from(content) };
      return Promise.resolve(order.answer.parse(answer));
    },
  };
  const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
  try {
    await mkdir(join(pgdata, "pg_wal"));
    const node = { config: { ...fakeConfig(), pgdata }, clock: systemClock, log, client, peers: {} };
    await work(node as unknown as FetchDeps, asked, pgdata);
  } finally {
    await rm(pgdata, { recursive: true });
  }
}

test("files are written where PostgreSQL wants them, from the first agent of barman that answers", () =>
  withBarman(async (node, asked, pgdata) => {
    const recovery = new RecoveryWal({ hosts: ["gone", "barman"], lastWal: wal(8) });
    assert.equal((await recovery.give(wal(7), place, node)).ok, true);
    assert.equal(await readFile(join(pgdata, place), "utf8"), "seven");
    assert.deepEqual(asked, [`gone ${wal(7)}`, `barman ${wal(7)}`]);
    const nowhere = new RecoveryWal({ hosts: ["gone"], lastWal: wal(8) });
    await assert.rejects(nowhere.give(wal(7), place, node), /barman's agent does not answer \(gone: no answer/);
    assert.equal(nowhere.now.exhausted, false, "what could not be asked is not missing");
  }));

test("the WAL is exhausted when a file from the last one on is wanted twice in a row, or one after it is not there", () =>
  withBarman(async (node) => {
    const start = () => new RecoveryWal({ hosts: ["barman"], lastWal: wal(7) });
    const after = async (...names: string[]) => {
      const recovery = start();
      for (const name of names) await recovery.give(name, place, node);
      return recovery.now.exhausted;
    };
    // the last checkpoint is in the last file, and begins in one before it: that is read twice, but not in a row
    assert.equal(await after(wal(7), wal(6), wal(7)), false);
    assert.equal(await after("00000004.history", wal(6), wal(7), wal(8)), false, "more was received after the plan");
    assert.equal(await after(wal(6), wal(6)), false, "barman does not have that one, but later ones");
    assert.equal(await after(wal(7), wal(7)), true);
    assert.equal(await after(wal(7), wal(8), "00000004.history", wal(8)), true);
    assert.equal(await after(wal(9)), true);
  }));

test("when barman is somewhere else, it is asked there, and until then the trouble is named", () =>
  withBarman(async (node) => {
    const recovery = new RecoveryWal({ hosts: ["gone"], lastWal: wal(8) });
    await assert.rejects(recovery.give(wal(7), place, node));
    assert.match(recovery.now.trouble ?? "", /postdock barman restore resume/);
    recovery.barmanIsAt(["barman"]);
    assert.equal((await recovery.give(wal(7), place, node)).ok, true);
    assert.equal(recovery.now.trouble, null);
  }));

test("only files of WAL are given, and only into pg_wal", () =>
  withBarman(async (node, asked) => {
    const recovery = new RecoveryWal({ hosts: ["barman"], lastWal: wal(8) });
    assert.match((await recovery.give("../PG_VERSION", place, node)).because, /not the name of a WAL file/);
    for (const path of ["PG_VERSION", "pg_wal/../PG_VERSION", "/etc/passwd"]) {
      assert.match((await recovery.give(wal(7), path, node)).because, /not a place for a WAL file/);
    }
    assert.deepEqual(asked, []);
  }));

test("a file for which there is no room is not taken for one that was read, and the trouble is named", () =>
  withBarman(async (node, _, pgdata) => {
    const recovery = new RecoveryWal({ hosts: ["barman"], lastWal: wal(8) });
    await recovery.give(wal(7), place, node);
    await rm(join(pgdata, "pg_wal"), { recursive: true });
    for (let time = 1; time <= 3; time++) await assert.rejects(recovery.give(wal(8), place, node));
    assert.equal(recovery.now.exhausted, false, "the last file was never read");
    assert.match(recovery.now.trouble ?? "", new RegExp(`^${wal(8)} cannot be written here: `));
    await mkdir(join(pgdata, "pg_wal"));
    await recovery.give(wal(8), place, node);
    assert.deepEqual(recovery.now, { exhausted: false, trouble: null });
    await recovery.give(wal(8), place, node);
    assert.equal(recovery.now.exhausted, true);
  }));

test("the next file is on its way while one is replayed, but not the last one, which may still be received", () =>
  withBarman(async (node, asked, pgdata) => {
    const recovery = new RecoveryWal({ hosts: ["barman"], lastWal: wal(9) });
    await recovery.give(wal(7), place, node);
    assert.deepEqual(asked, [`barman ${wal(7)}`, `barman ${wal(8)}`]);
    await recovery.give(wal(8), place, node);
    assert.equal(await readFile(join(pgdata, place), "utf8"), "eight");
    assert.equal(asked.length, 2, "neither asked for twice, nor the last one ahead");
    const other = new RecoveryWal({ hosts: ["barman"], lastWal: wal(9) });
    await other.give(wal(6), place, node);
    await other.give(wal(7), place, node);
    assert.equal(await readFile(join(pgdata, place), "utf8"), "seven", "what was not there ahead is asked for again");
  }));
