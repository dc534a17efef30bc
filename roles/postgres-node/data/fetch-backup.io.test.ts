// A base backup is fetched whole, goes on after an interruption, and is never a cluster before it is complete.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ControlClient } from "../../../core/client/control-client.ts";
import { defaultHttpPort } from "../../../config/http-port.ts";
import { HttpError, Peers } from "../../../core/client/peers.ts";
import { httpApp, type RoleHttp } from "../../../core/http/app.ts";
import { controlApp } from "../../../core/http/control.ts";
import { serve } from "../../../core/http/serve.ts";
import { type Order, orders, pieceBytes } from "../../../core/protocol/orders.ts";
import { exists } from "../../../core/runtime/files.ts";
import { systemClock } from "../../../core/runtime/time.ts";
import {
  answersOf,
  backupId as id,
  deskAt,
  inBarman,
  joined,
  keptLog,
  makeTree,
  readTree,
} from "../../../tests/support/base-backup.ts";
import { FakeClock } from "../../../tests/support/fake-clock.ts";
import { fetchBackup, type FetchBackupDeps } from "./fetch-backup.ts";

const tree = {
  PG_VERSION: "17\n",
  "base/1/PG_VERSION": "17\n",
  "base/1/1259": Buffer.alloc(3 * pieceBytes + 11, "no piece begins as another one does"),
  "base/1/2619": "rows",
  "base/1/2620": "",
  "global/pg_control": Buffer.alloc(8192, 3),
  pg_twophase: null,
  "pg_wal/archive_status": null,
};

type Ask = ControlClient["ask"];

/** Calls `before` ahead of each question for bytes. */
function interposed(ask: Ask, before: (question: { index: number }) => void | Promise<void>): { ask: Ask } {
  return {
    ask: async <Q extends object, A extends object>(order: Order<Q, A>, host: string, question: Q, ms: number) => {
      if (order.path === orders.backupPiece.path) await before(question as unknown as { index: number });
      return await ask(order, host, question, ms);
    },
  };
}

function made(client: { ask: Ask }, changed: Partial<FetchBackupDeps> = {}) {
  const { lines, log } = keptLog();
  const progress: number[] = [];
  const deps: FetchBackupDeps = {
    client,
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    log,
    signal: new AbortController().signal,
    onProgress: ({ doneBytes }) => progress.push(doneBytes),
    ...changed,
  };
  const into = (target: string, hosts = ["barman"]) =>
    fetchBackup({ hosts, id }, { directory: target, tablespaces: new Map() }, deps);
  return { lines, progress, into };
}

test("a backup is fetched over signed HTTP: content, modes and times are the same", () =>
  inBarman(tree, async ({ home, data, target }) => {
    const host = "127.0.71.3"; // of its own, so that nothing else has the port
    const keys = ["a key of this test only"];
    const deps = { keys, incarnation: "run-1", clock: systemClock, log: keptLog().log, others: () => [] };
    const app = httpApp({} as RoleHttp, deps.log, { control: controlApp(answersOf(deskAt(home)), deps) });
    const agent = await serve(app, { port: defaultHttpPort, host });
    try {
      const { into, progress } = made(new ControlClient(keys, new Peers(systemClock, defaultHttpPort), systemClock));
      const bytes = 3 * pieceBytes + 11 + 8192 + 3 + 3 + 4;
      assert.deepEqual(await into(target, [host]), { bytes, files: 6 });
      assert.deepEqual(await readTree(target), await readTree(data));
      assert.equal(progress.at(-1), bytes);
    } finally {
      agent.close();
    }
  }));

test("PG_VERSION is written last, after everything else is there", () =>
  inBarman(tree, async ({ home, data, target }) => {
    const seen: boolean[] = [];
    await mkdir(target);
    await writeFile(join(target, "PG_VERSION"), "17\n");
    const client = interposed(joined({ barman: deskAt(home) }).ask, async ({ index }) => {
      seen.push(await exists(join(target, "PG_VERSION")));
      if (index !== 0) return;
      const { PG_VERSION: _, ...others } = await readTree(data);
      assert.deepEqual(await readTree(target), others);
    });
    await made(client).into(target);
    assert.ok(seen.length > 1 && seen.every((there) => !there));
    assert.deepEqual(await readTree(target), await readTree(data));
  }));

test("an interrupted copy goes on: complete files are not fetched again, half ones and foreign ones are not believed", () =>
  inBarman(tree, async ({ home, data, target }) => {
    const stop = new AbortController();
    let answers = 0;
    const client = interposed(joined({ barman: deskAt(home) }).ask, () => {
      if (++answers > 4) stop.abort();
    });
    const first = made(client, { signal: stop.signal });
    await assert.rejects(first.into(target), /this node was stopped/);
    assert.equal(await exists(join(target, "PG_VERSION")), false);

    await made(joined({ barman: deskAt(home) })).into(target);
    await rm(join(target, "base/1/2619"));
    await writeFile(join(target, "global/pg_control"), Buffer.alloc(8192, 4)); // the right size, at another time
    await makeTree(target, { "pg_wal/old": "", "left/over": "x", "base/1/PG_VERSION": "1" }); // the right time, but half
    await rm(join(target, "base/1/2620"));
    await symlink("/etc/hostname", join(target, "base/1/2620"));
    const asked: number[] = [];
    const again = made(interposed(joined({ barman: deskAt(home) }).ask, ({ index }) => void asked.push(index)));
    await again.into(target);
    assert.deepEqual(await readTree(target), await readTree(data));
    const names = Object.keys(await readTree(data));
    assert.deepEqual(asked.map((index) => names[index]), ["base/1/2619", "PG_VERSION"]);
    assert.equal(again.progress[0], 3 * pieceBytes + 11, "what is there counts as done");
    assert.match(again.lines.join(""), /does not belong.*"base\/1\/2620","left","left\/over","pg_wal\/old"/);
  }));

test("a stop ends a copy at once, also while barman does not answer", () =>
  inBarman(tree, async ({ home, target }) => {
    const stop = new AbortController();
    const client = interposed(joined({ barman: deskAt(home) }).ask, () => {
      stop.abort();
      return new Promise(() => {});
    });
    await assert.rejects(made(client, { signal: stop.signal }).into(target), /this node was stopped/);
  }));

test("a file that changes meanwhile ends the copy with its name, without another attempt; the next copy is whole", () =>
  inBarman(tree, async ({ home, data, target }) => {
    const desk = deskAt(home);
    let changed = false;
    const client = interposed(joined({ barman: desk }).ask, async () => {
      if (!changed) await makeTree(data, { "global/pg_control": "changed" });
      changed = true;
    });
    await assert.rejects(made(client).into(target), /global\/pg_control in backup .* was changed.*Fix: /);
    assert.equal(await exists(join(target, "PG_VERSION")), false);
    await made(client).into(target);
    assert.equal(await readFile(join(target, "global/pg_control"), "utf8"), "changed");
  }));

test("another host is asked when one fails, and a failure is tried again after growing pauses, with a reason in the log", () =>
  inBarman(tree, async ({ home, data, target }) => {
    let failures = 3;
    const client = interposed(joined({ second: deskAt(home) }).ask, () => {
      if (failures-- > 0) throw new Error("connection reset");
    });
    const pauses: number[] = [];
    const clock = { ...systemClock, sleep: (ms: number) => Promise.resolve(void pauses.push(ms)) };
    const { into, lines } = made(client, { clock });
    await into(target, ["first", "second"]);
    assert.deepEqual(await readTree(target), await readTree(data));
    assert.match(lines.join(""), /"why":"first: first does not answer"[^]*"why":"second: connection reset"/);
    await assert.rejects(made(joined({}), { clock }).into(target), /barman does not answer/);
    assert.deepEqual(pauses.slice(-7), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000]);
  }));

test("when every host refuses, nothing is asked again and the reason is that of barman", () =>
  inBarman(tree, async ({ home, target }) => {
    const { into, lines } = made(joined({ barman: deskAt(join(home, "absent")) }), { clock: new FakeClock() });
    await assert.rejects(into(target), /barman has no backup 20261127T183848; `postdock barman list`/);
    assert.equal(lines.length, 1);
    const old = { ask: () => Promise.reject(new HttpError("/control/backup-files", 404, "no such request")) };
    await assert.rejects(made(old, { clock: new FakeClock() }).into(target), /no such request/);
    assert.equal(await exists(target), false);
  }));

test("an answer with fewer or shorter pieces is completed, one with other bytes is an error", () =>
  inBarman(tree, async ({ home, data, target }) => {
    const desk = deskAt(home);
    const short = joined({
      barman: {
        files: desk.files,
        piece: async (asked) => {
          const { pieces } = await desk.piece(asked);
          const halved = pieces.slice(0, 2).map((p) => ({
            ...p,
            content: p.content.subarray(0, Math.max(1, p.content.length / 2)),
          }));
          return { pieces: halved };
        },
      },
    });
    await made(short).into(target);
    assert.deepEqual(await readTree(target), await readTree(data));
    const other = joined({ barman: { files: desk.files, piece: () => Promise.resolve({ pieces: [] }) } });
    await assert.rejects(made(other).into(target), /other bytes than it was asked for/);
  }));

test("a directory without PG_VERSION is not a backup of a cluster", () =>
  inBarman({ a: "b" }, async ({ home, target }) => {
    await assert.rejects(made(joined({ barman: deskAt(home) })).into(target), /has no PG_VERSION/);
  }));

test("a directory that is not the same as the backup after the copy is an error, and does not become a cluster", () =>
  inBarman(tree, async ({ home, target }) => {
    const client = interposed(joined({ barman: deskAt(home) }).ask, () => writeFile(join(target, "stray"), ""));
    await assert.rejects(made(client).into(target), /stray is not as in backup/);
    assert.equal(await exists(join(target, "PG_VERSION")), false);
  }));

test("a tablespace goes where it belongs on this node, and the link to it is left alone", () =>
  inBarman(tree, async ({ home, base, data, target }) => {
    await makeTree(join(base, "16385"), { "PG_17_1/5/1": "fast", "PG_17_1/5/2": "" });
    await makeTree(data, { pg_tblspc: null });
    await symlink(join(base, "16385"), join(data, "pg_tblspc", "16385"));
    const elsewhere = join(home, "elsewhere");
    await makeTree(elsewhere, { "PG_17_1/5/left": "over" });
    const into = { directory: target, tablespaces: new Map([["16385", elsewhere]]) };
    const deps: FetchBackupDeps = {
      client: joined({ barman: deskAt(home) }),
      clock: systemClock,
      log: keptLog().log,
      signal: new AbortController().signal,
      onProgress: () => {},
    };
    for (const again of [false, true]) {
      await fetchBackup({ hosts: ["barman"], id }, into, deps);
      assert.deepEqual(await readTree(elsewhere), await readTree(join(base, "16385")));
      if (!again) await symlink(elsewhere, join(target, "pg_tblspc", "16385"));
      else assert.equal(await exists(join(target, "pg_tblspc", "16385")), true);
    }
    const unknown = { directory: `${target}2`, tablespaces: new Map<string, string>() };
    await assert.rejects(
      fetchBackup({ hosts: ["barman"], id }, unknown, deps),
      /tablespace 16385, which was not ordered/,
    );
  }));
