// By SSH a backup is the same as through barman's agent: with tablespaces, modes and times, whole or not a cluster, and resumable.
// A program named ssh stands for the connection: it runs what barman's shell would run.
import assert from "node:assert/strict";
import { chmod, chown, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Order, orders } from "../../../core/protocol/orders.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { exists } from "../../../core/runtime/files.ts";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import {
  backupId as id,
  deskAt,
  inBarman,
  joined,
  keptLog,
  makeTree,
  readTree,
} from "../../../tests/support/base-backup.ts";
import { fetchBackup, type FetchBackupDeps } from "./fetch-backup.ts";
import { inBatches, sendCommand } from "./fetch-by-ssh.ts";

const tree = {
  PG_VERSION: "17\n",
  "base/1/1259": Buffer.from(Array.from({ length: 9_000_011 }, (_, i) => i % 251)),
  "base/1/2619": "rows",
  "base/1/2620": "",
  "base/1/-o 'odd\\n name": "odd",
  pg_tblspc: null,
  "pg_wal/archive_status": null,
};
const connects = '[ "$1 $2 $3 $4" = "-l postgres -- barman" ] || exit 254; sh -c "$5"';

/** A barman whose backup has a tablespace, and a node that reaches it by `ssh`, a script of sh. */
function withSsh(
  work: (
    at: { home: string; data: string; base: string; target: string; fast: string; made: typeof made },
  ) => Promise<void>,
): Promise<void> {
  return inBarman(tree, async ({ home, base, data, target }) => {
    const fast = join(home, "elsewhere");
    await makeTree(join(base, "16385"), { "PG_17_1/5/1": "fast", "PG_17_1/5/2": "" });
    await symlink(join(base, "16385"), join(data, "pg_tblspc", "16385"));
    await chmod(join(data, "base", "1", "2619"), 0o666); // that no umask allows
    await chmod(home, 0o755);
    const programs = join(home, "programs");
    await mkdir(programs);
    if (process.getuid?.() === 0) {
      for (const name of ["", ...await readdir(base, { recursive: true })]) {
        const at = join(base, name);
        if (name !== join("data", "pg_tblspc", "16385")) await chown(at, postgresAccount.uid, postgresAccount.gid);
      }
    }
    const before = process.env.PATH;
    process.env.PATH = `${programs}:${before}`;
    try {
      await work({ home, data, base, target, fast, made });
    } finally {
      process.env.PATH = before;
    }
  });
}

async function made(
  at: { home: string; target: string; fast: string },
  script: string,
  changed: Partial<FetchBackupDeps> & { sshEnable?: boolean } = {},
) {
  const { sshEnable = true, ...deps } = changed;
  const program = join(at.home, "programs", "ssh");
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const asked: number[] = [];
  const progress: number[] = [];
  const client = joined({ barman: deskAt(at.home, undefined, sshEnable) });
  const ask = async <Q extends object, A extends object>(order: Order<Q, A>, host: string, question: Q) => {
    if (order.path === orders.backupPiece.path) asked.push((question as unknown as { index: number }).index);
    return await client.ask(order, host, question);
  };
  const { lines, log } = keptLog();
  const fetched = () =>
    fetchBackup(
      { hosts: ["barman"], id, ssh: true },
      { directory: at.target, tablespaces: new Map([["16385", at.fast]]) },
      {
        client: { ask },
        clock: systemClock,
        log,
        signal: new AbortController().signal,
        onProgress: ({ doneBytes }) => progress.push(doneBytes),
        ...deps,
      },
    );
  return { asked, fetched, lines, progress };
}

const isWhole = async ({ data, base, target, fast }: { data: string; base: string; target: string; fast: string }) => {
  await rm(join(data, "pg_tblspc", "16385"));
  assert.deepEqual(await readTree(target), await readTree(data));
  assert.deepEqual(await readTree(fast), await readTree(join(base, "16385")));
};

test("files and tablespaces are the same as through the agent, which sends only PG_VERSION", () =>
  withSsh(async (at) => {
    const { asked, fetched, lines, progress } = await made(at, connects);
    const { bytes } = await fetched();
    assert.deepEqual(asked, [0]);
    assert.equal(progress.at(-1), bytes);
    assert.ok(progress.some((done) => done > 4_000_000 && done < 9_000_000), `while it comes too: ${progress.join()}`);
    assert.match(lines.join(""), /"event":"Fetching a base backup".*"by":"ssh"/);
    await isWhole(at);
  }));

test("a connection that breaks is an error with its words and the fix; the next call goes on, and fetches what lacks", () =>
  withSsh(async (at) => {
    const broken = await made(at, "echo 'ssh: connect to host barman port 22: Connection refused' >&2; exit 255");
    await assert.rejects(broken.fetched(), /by SSH: ssh to barman: ssh: connect to .* refused.* Fix: set SSH_ENABLE=1/);
    assert.deepEqual(await readdir(join(at.target, "base", "1")), []);
    const half = await made(at, `${connects} | head -c 5000000`);
    await assert.rejects(half.fetched(), /Unexpected EOF/);
    assert.equal(await exists(join(at.target, "base", "1", "1259")), false, "half a file is at no place");
    assert.equal(await exists(join(at.target, "PG_VERSION")), false);
    await (await made(at, connects)).fetched();
    await rm(join(at.target, "base", "1", "2619"));
    const again = await made(at, `tee "$0.names" | sh -c "$5"`);
    await chmod(join(at.home, "programs"), 0o777);
    await again.fetched();
    assert.equal(await readFile(join(at.home, "programs", "ssh.names"), "utf8"), "base/1/2619\0");
    assert.ok(again.progress[0]! > 9_000_000, "what is there counts as done");
    await isWhole(at);
  }));

test("a stop ends the connection", () =>
  withSsh(async (at) => {
    const stop = new AbortController();
    const { fetched } = await made(at, "sleep 60", { signal: stop.signal });
    const running = fetched();
    const begun = () => exists(join(at.target, "postdock_ssh_0"));
    await waitUntil(begun, { what: "the copy to begin", deadlineMs: 10_000, everyMs: 10 }, { clock: systemClock });
    stop.abort();
    await assert.rejects(running, /this node was stopped/);
  }));

test("a file that is changed or removed meanwhile is found, and a barman without sshd is named", () =>
  withSsh(async (at) => {
    const gone = `rm -f ${join(at.data, "base", "1", "2620")}; ${connects}`;
    await assert.rejects((await made(at, gone)).fetched(), /ssh to barman: tar: base\/1\/2620: Cannot stat/);
    const other = `printf else >> ${join(at.data, "base", "1", "2619")}; ${connects}`;
    await assert.rejects((await made(at, other)).fetched(), /base\/1\/2619 is not as in backup/);
    assert.equal(await exists(join(at.target, "PG_VERSION")), false);
    const without = await made(at, connects, { sshEnable: false });
    await assert.rejects(without.fetched(), /barman has SSH_ENABLE=0.*Fix: set SSH_ENABLE=1 on barman/);
  }));

test("a connection carries files of one directory, up to a size", () => {
  const file = (path: string, bytes: number) => ({ path, kind: "file" as const, bytes, modifiedMs: 0, mode: 0o600 });
  const files = [file("a", 6), file("b", 4), file("c", 1), file("pg_tblspc/7/x/d", 1), file("pg_tblspc/8/x/e", 99)];
  assert.deepEqual(inBatches(files, 10), [
    { oid: "", names: ["a", "b"], bytes: 10 },
    { oid: "", names: ["c"], bytes: 1 },
    { oid: "7", names: ["x/d"], bytes: 1 },
    { oid: "8", names: ["x/e"], bytes: 99 },
  ]);
  assert.deepEqual(inBatches([], 10), []);
});

test("a directory of any name reaches barman's shell as one word", () => {
  const places = { files: "/it's $(here)/data", tablespaces: "/spaces" };
  assert.match(sendCommand("", places), /--directory='\/it'\\''s \$\(here\)\/data' /);
  assert.match(sendCommand("16385", places), /--directory='\/spaces\/16385' /);
});
