// Files on a real file system: whole or not at all, modes, and absent files that are not an error.
import assert from "node:assert/strict";
import { watch } from "node:fs";
import { mkdtemp, readdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import * as files from "./files.ts";
import { UptimeFile, uptimeSeconds } from "./proc.ts";
import { systemClock, waitUntil } from "./time.ts";

async function inScratch(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "postdock-files-"));
  try {
    await work(directory);
  } finally {
    await files.remove(directory);
  }
}

test("writeAtomic() replaces content and mode and leaves nothing else behind", () =>
  inScratch(async (directory) => {
    const path = join(directory, "a.conf");
    await files.writeAtomic(path, "one", { mode: 0o666 });
    assert.equal((await files.modeOf(path))?.mode, 0o666);
    await files.writeAtomic(path, "two", { mode: 0o600 });
    assert.equal(await files.readIfThere(path), "two");
    assert.equal((await files.modeOf(path))?.mode, 0o600);
    assert.deepEqual(await readdir(directory), ["a.conf"]);
  }));

test("readUnzipped() reads a text that is compressed, one that is not, and none", () =>
  inScratch(async (directory) => {
    const path = join(directory, "00000002.history");
    assert.equal(await files.readUnzipped(path), null);
    await files.writeAtomic(path, "1\t0/9000100\n", { mode: 0o600 });
    assert.equal(String(await files.readUnzipped(path)), "1\t0/9000100\n");
    await files.writeAtomic(path, gzipSync("1\t0/9000100\n"), { mode: 0o600 });
    assert.equal(String(await files.readUnzipped(path)), "1\t0/9000100\n");
  }));

test("half-written files have a name that clones and rewinds of other nodes skip", () =>
  inScratch(async (directory) => {
    const seen = new Set<string>();
    const watcher = watch(directory, (_, name) => seen.add(String(name)));
    await files.writeAtomic(join(directory, "a.conf"), "one", { mode: 0o600 });
    await waitUntil(() => Promise.resolve(seen.has("a.conf")), { what: "the rename", deadlineMs: 5_000, everyMs: 10 }, {
      clock: systemClock,
    });
    watcher.close();
    const others = [...seen].filter((name) => name !== "a.conf");
    assert.match(others.join(), /^pgsql_tmp\.[^,/]+$/);
  }));

test("a failed writeAtomic() leaves the old content and no temporary file", () =>
  inScratch(async (directory) => {
    await files.ensureDirectory(join(directory, "taken"), { mode: 0o755 });
    await assert.rejects(files.writeAtomic(join(directory, "taken"), "x", { mode: 0o600 }));
    assert.deepEqual(await readdir(directory), ["taken"]);
    await assert.rejects(files.writeAtomic(join(directory, "absent", "x"), "x", { mode: 0o600 }), /ENOENT/);
  }));

test("a reader sees the old or the new content, never a part", () =>
  inScratch(async (directory) => {
    const path = join(directory, "a.conf");
    const [old, fresh] = ["a".repeat(200_000), "b".repeat(200_000)];
    await files.writeAtomic(path, old, { mode: 0o600 });
    let done = false;
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await files.writeAtomic(path, i % 2 ? old : fresh, { mode: 0o600 });
      done = true;
    })();
    while (!done) {
      const seen = await files.readIfThere(path);
      assert.ok(seen === old || seen === fresh);
    }
    await writing;
  }));

test("an absent path is null, false or empty; an unreadable one is an error", () =>
  inScratch(async (directory) => {
    const absent = join(directory, "absent");
    assert.equal(await files.readIfThere(absent), null);
    assert.equal(await files.exists(absent), false);
    assert.deepEqual(await files.listDirectory(absent), []);
    assert.equal(await files.modeOf(absent), null);
    assert.equal(await files.linkTarget(absent), null);
    await files.remove(absent);
    await assert.rejects(files.readIfThere(directory), /EISDIR/);
  }));

test("a link to nothing exists, and its target is returned", () =>
  inScratch(async (directory) => {
    await symlink("/nowhere", join(directory, "link"));
    assert.equal(await files.exists(join(directory, "link")), true);
    assert.equal(await files.linkTarget(join(directory, "link")), "/nowhere");
    assert.equal(await files.modeOf(join(directory, "link")), null);
  }));

test("ensureDirectory() sets the mode whether or not the directory existed", () =>
  inScratch(async (directory) => {
    const path = join(directory, "a", "b");
    await files.ensureDirectory(path, { mode: 0o755 });
    await files.ensureDirectory(path, { mode: 0o700 });
    const seen = await files.modeOf(path);
    assert.deepEqual([seen?.mode, seen?.isDirectory], [0o700, true]);
  }));

test("a directory is listed sorted, a tree is removed whole, an entry is moved", () =>
  inScratch(async (directory) => {
    for (const name of ["b", "a"]) await files.writeAtomic(join(directory, name), name, { mode: 0o600 });
    await files.ensureDirectory(join(directory, "tree", "inner"), { mode: 0o755 });
    await files.move(join(directory, "a"), join(directory, "tree", "inner", "a"));
    assert.deepEqual(await files.listDirectory(directory), ["b", "tree"]);
    await files.remove(join(directory, "tree"));
    assert.deepEqual(await files.listDirectory(directory), ["b"]);
  }));

test("disk space is returned in bytes that add up", async () => {
  const { freeBytes, totalBytes, usedBytes } = await files.diskSpace(tmpdir());
  assert.ok(totalBytes > 0 && freeBytes >= 0 && usedBytes + freeBytes <= totalBytes);
});

test("uptimeSeconds() is null only without /proc; an unreadable /proc is an error, not a reason for another clock", () =>
  inScratch(async (directory) => {
    assert.ok(uptimeSeconds()! > 0);
    const inFile = (path: string) => new UptimeFile(path).seconds();
    assert.equal(inFile(join(directory, "absent")), null);
    assert.throws(() => inFile(directory), /EISDIR/);
    await files.writeAtomic(join(directory, "empty"), "", { mode: 0o600 });
    assert.throws(() => inFile(join(directory, "empty")), /does not hold a number of seconds/);
  }));

test("a tree is listed in a stable order, each directory before what is in it; links are neither", () =>
  inScratch(async (directory) => {
    await files.ensureDirectory(join(directory, "b"), { mode: 0o750 });
    for (const name of ["b/z", "b.c", "a"]) await files.writeAtomic(join(directory, name), "four", { mode: 0o640 });
    await symlink("a", join(directory, "link"));
    const listed = await files.listTree(directory);
    assert.deepEqual(listed.map((e) => [e.path, e.kind, e.bytes]), [
      ["a", "file", 4],
      ["b", "directory", 0],
      ["b/z", "file", 4],
      ["b.c", "file", 4],
      ["link", "other", 0],
    ]);
    assert.deepEqual([listed[0]!.mode, listed[1]!.mode], [0o640, 0o750]);
    assert.equal(listed[0]!.modifiedMs, await files.modifiedMs(join(directory, "a")));
    await assert.rejects(files.listTree(join(directory, "absent")), /ENOENT/);
  }));

test("a listed file is read only while it is as it was listed", () =>
  inScratch(async (directory) => {
    const path = join(directory, "a");
    await files.writePart(path, Buffer.from("hello"), { offset: 0, create: { mode: 0o600 }, finishMs: 1_000_000_000 });
    const listed = { bytes: 5, modifiedMs: 1_000_000_000 };
    assert.equal((await files.readListed(path, { offset: 1, bytes: 3 }, listed))?.toString(), "ell");
    assert.equal((await files.readListed(path, { offset: 5, bytes: 0 }, listed))?.length, 0);
    assert.equal(await files.readListed(path, { offset: 1, bytes: 3 }, { ...listed, bytes: 6 }), null);
    assert.equal(await files.readListed(path, { offset: 1, bytes: 3 }, { ...listed, modifiedMs: 1 }), null);
    assert.equal(await files.readListed(path, { offset: 4, bytes: 3 }, listed), null);
    assert.equal(await files.readListed(join(directory, "absent"), { offset: 0, bytes: 0 }, listed), null);
    assert.equal(await files.readListed(directory, { offset: 0, bytes: 0 }, listed), null);
    await symlink(path, join(directory, "link"));
    assert.equal(await files.readListed(join(directory, "link"), { offset: 0, bytes: 5 }, listed), null);
  }));

test("a file is written in parts in any order, and has exactly its time of modification at the end", () =>
  inScratch(async (directory) => {
    const path = join(directory, "a");
    await files.writeAtomic(path, "an old and longer content", { mode: 0o666 });
    await files.writePart(path, new Uint8Array(), { offset: 0, create: { mode: 0o640 } });
    await files.writePart(path, Buffer.from("lo"), { offset: 3 });
    await files.writePart(path, Buffer.from("hel"), { offset: 0 });
    assert.equal(await files.readIfThere(path), "hello");
    assert.equal((await files.modeOf(path))?.mode, 0o640);
    for (let ms = 1_795_812_345_000; ms < 1_795_812_345_020; ms++) {
      await files.writePart(path, new Uint8Array(), { offset: 0, finishMs: ms });
      assert.equal(await files.modifiedMs(path), ms);
    }
    await assert.rejects(files.writePart(join(directory, "absent"), Buffer.from("x"), { offset: 0 }), /ENOENT/);
  }));
