// A base backup is sent as it was listed, or refused with what to do instead.
import assert from "node:assert/strict";
import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ControlRefusal } from "../../../core/http/control.ts";
import { pieceBytes } from "../../../core/protocol/orders.ts";
import { backupId as id, deskAt, doneRecord, inBarman, makeTree } from "../../../tests/support/base-backup.ts";
import { FakeClock } from "../../../tests/support/fake-clock.ts";
import { dataDirectory, tablespacesDirectory } from "../text/places.ts";
import type { BackupDesk } from "./backup-desk.ts";

const small = { PG_VERSION: "17\n", "base/1/2619": "rows", "base/1/2620": "", pg_twophase: null };

async function refused(answer: Promise<unknown>, why: RegExp) {
  await assert.rejects(answer, (error: Error) => error instanceof ControlRefusal && why.test(error.message));
}

const digestOf = async (desk: BackupDesk) => (await desk.files({ id, from: 0 })).digest;

test("the list has files and directories in order, with sizes; one answer has the bytes of several files", () =>
  inBarman(small, async ({ home }) => {
    const desk = deskAt(home);
    const { entries, total, totalBytes, digest } = await desk.files({ id, from: 0 });
    assert.deepEqual(entries.map((e) => [e.path, e.kind, e.bytes]), [
      ["PG_VERSION", "file", 3],
      ["base", "directory", 0],
      ["base/1", "directory", 0],
      ["base/1/2619", "file", 4],
      ["base/1/2620", "file", 0],
      ["pg_twophase", "directory", 0],
    ]);
    assert.deepEqual([total, totalBytes], [6, 7]);
    assert.deepEqual([entries[0]!.mode, entries[0]!.modifiedMs], [0o600, 1_795_000_000_123]);
    assert.deepEqual((await desk.piece({ id, digest, index: 0, offset: 1 })).pieces, [
      { index: 0, offset: 1, content: Buffer.from("7\n") },
      { index: 3, offset: 0, content: Buffer.from("rows") },
      { index: 4, offset: 0, content: Buffer.from("") },
    ]);
    await refused(desk.piece({ id, digest, index: 3, offset: 5 }), /entry 3 has less than 5 bytes/);
  }));

test("a large file takes several answers", () =>
  inBarman({ big: Buffer.alloc(pieceBytes + 7, 1), next: "x" }, async ({ home }) => {
    const desk = deskAt(home);
    const digest = await digestOf(desk);
    const first = (await desk.piece({ id, digest, index: 0, offset: 0 })).pieces;
    assert.deepEqual(first.map((p) => p.content.length), [pieceBytes]);
    const second = (await desk.piece({ id, digest, index: 0, offset: pieceBytes })).pieces;
    assert.deepEqual(second.map((p) => [p.index, p.content.length]), [[0, 7], [1, 1]]);
  }));

test("a long list is sent in pages that are below 1 MB", () => {
  const names = Array.from({ length: 2_500 }, (_, i) => `${"n".repeat(240)}${i}`);
  return inBarman(Object.fromEntries(names.map((name) => [name, ""])), async ({ home }) => {
    const desk = deskAt(home);
    const first = await desk.files({ id, from: 0 });
    assert.ok(first.entries.length < first.total && JSON.stringify(first).length < 1_000_000);
    const rest = await desk.files({ id, from: first.entries.length });
    assert.deepEqual([...first.entries, ...rest.entries].map((e) => e.path), names.toSorted());
  });
});

test("a backup that is not there, not finished or has a broken record is refused", () =>
  inBarman(small, async ({ home, record, data }) => {
    await refused(deskAt(home).files({ id: "20200101T000000", from: 0 }), /no backup 20200101T000000.*barman list/);
    await writeFile(record, doneRecord.replace("DONE", "WAITING_FOR_WALS"));
    await refused(deskAt(home).files({ id, from: 0 }), /not finished; wait for it/);
    await writeFile(record, doneRecord.replace("end_xlog=0/8000000", "end_xlog=None"));
    await refused(deskAt(home).files({ id, from: 0 }), /has no end_xlog; take another/);
    await writeFile(record, doneRecord);
    await rm(data, { recursive: true });
    await refused(deskAt(home).files({ id, from: 0 }), /no backup/);
  }));

test("an incremental backup is sent as it was combined, each time anew, and refused before that", () =>
  inBarman(small, async ({ home, record }) => {
    const parent = "20261127T180000";
    await writeFile(record, `${doneRecord}parent_backup_id=${parent}\n`);
    const desk = deskAt(home);
    await refused(desk.files({ id, from: 0 }), /incremental and not combined yet; type postdock barman restore resume/);
    const combined = dataDirectory({ backupDir: home, serverName: "pg_cluster" }, { id, parent, compression: null });
    await makeTree(combined, { PG_VERSION: "17\n", "base/1/2619": "all rows" });
    const { digest, totalBytes } = await desk.files({ id, from: 0 });
    assert.equal(totalBytes, 11, "not what the incremental one itself holds");
    const content = Buffer.from("all rows");
    const { pieces } = await desk.piece({ id, digest, index: 3, offset: 0 });
    assert.deepEqual(pieces, [{ index: 3, offset: 0, content }]);
    await rm(combined, { recursive: true });
    await makeTree(combined, { PG_VERSION: "17\n", "base/1/2619": "all rows!" });
    assert.equal((await desk.files({ id, from: 0 })).totalBytes, 12);
  }));

test("a compressed backup is sent as it was unpacked, with its tablespaces, and refused before that", () =>
  inBarman({ "base.tar.zst": "z", "16385.tar.zst": "z" }, async ({ home, record }) => {
    await writeFile(record, `${doneRecord}compression=zstd\n`);
    const desk = deskAt(home);
    await refused(desk.files({ id, from: 0 }), /compressed and not unpacked yet; type postdock barman restore resume/);
    const places = { backupDir: home, serverName: "pg_cluster" };
    const compressed = { id, parent: null, compression: "zstd" as const };
    await makeTree(tablespacesDirectory(places, compressed), { "16385/PG_17_1/5/1": "fast" });
    await makeTree(dataDirectory(places, compressed), { PG_VERSION: "17\n" });
    const { digest, entries } = await desk.files({ id, from: 0 });
    const files = entries.filter((e) => e.kind === "file").map((e) => e.path);
    assert.deepEqual(files, ["PG_VERSION", "pg_tblspc/16385/PG_17_1/5/1"]);
    const { pieces } = await desk.piece({ id, digest, index: entries.length - 1, offset: 0 });
    assert.equal(Buffer.from(pieces[0]!.content).toString(), "fast");
  }));

test("a refusal is not kept: the backup is sent once it is finished", () =>
  inBarman(small, async ({ home, record }) => {
    const desk = deskAt(home);
    await writeFile(record, doneRecord.replace("DONE", "WAITING_FOR_WALS"));
    await refused(desk.files({ id, from: 0 }), /not finished/);
    await writeFile(record, doneRecord);
    assert.equal((await desk.files({ id, from: 0 })).total, 6);
  }));

test("a backup with a link that leads elsewhere is refused, with the command that restores it", () =>
  inBarman(small, async ({ home, data }) => {
    await symlink("/etc", join(data, "base", "etc"));
    await refused(deskAt(home).files({ id, from: 0 }), /base\/etc .*is a link.*postdock barman restore --into/);
  }));

test("a tablespace is listed below its link, and its bytes are sent; a link without one is refused", () =>
  inBarman(small, async ({ home, base, data }) => {
    await makeTree(data, { pg_tblspc: null });
    await symlink(join(base, "16385"), join(data, "pg_tblspc", "16385"));
    await refused(deskAt(home).files({ id, from: 0 }), /pg_tblspc\/16385 .*is a link/);
    await makeTree(join(base, "16385"), { "PG_17_1/5/1": "fast" });
    const desk = deskAt(home);
    const { digest, entries } = await desk.files({ id, from: 0 });
    const index = entries.findIndex((e) => e.path === "pg_tblspc/16385/PG_17_1/5/1");
    const { pieces } = await desk.piece({ id, digest, index, offset: 0 });
    assert.equal(Buffer.from(pieces[0]!.content).toString(), "fast");
    assert.ok(!entries.some((e) => e.path === "pg_tblspc/16385"));
  }));

test("a file that was changed, removed or replaced by a link since the list is an error that names it", () =>
  inBarman(small, async ({ home, data }) => {
    const desk = deskAt(home);
    const path = join(data, "base", "1", "2619");
    const changes = [
      () => writeFile(path, "ROWS"),
      () => rm(path),
      () => rm(path).then(() => symlink(join(data, "PG_VERSION"), path)),
    ];
    for (const change of changes) {
      await makeTree(data, { "base/1/2619": "rows" });
      const digest = await digestOf(desk);
      await change();
      await refused(desk.piece({ id, digest, index: 0, offset: 0 }), /base\/1\/2619 .*was changed or removed/);
      await rm(path, { force: true });
    }
  }));

test("nothing is sent by its place in another list", () =>
  inBarman(small, async ({ home, data }) => {
    const digest = await digestOf(deskAt(home));
    await makeTree(data, { "a new file": "" });
    await refused(deskAt(home).piece({ id, digest, index: 0, offset: 0 }), /other files than the node was sent/);
  }));

test("the list is read once while it is asked for, and forgotten after five minutes", () =>
  inBarman(small, async ({ home, data }) => {
    const clock = new FakeClock();
    const desk = deskAt(home, clock);
    const digest = await digestOf(desk);
    await makeTree(data, { "a new file": "" });
    await clock.pass(4 * 60_000);
    assert.equal(await digestOf(desk), digest);
    await clock.pass(4 * 60_000);
    assert.equal(await digestOf(desk), digest);
    await clock.pass(5 * 60_000);
    assert.notEqual(await digestOf(desk), digest);
  }));
