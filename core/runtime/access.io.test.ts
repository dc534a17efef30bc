// What an account of the container leaves in a directory of its own does not lead root elsewhere.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { lchown, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import { postgresAccount } from "./command.ts";
import * as files from "./files.ts";

/** A directory, and a link in it to a file or a directory that must stay as it is. */
async function withLink(kind: "file" | "directory", work: (link: string, directory: string) => Promise<void>) {
  const root = await mkdtemp(join(tmpdir(), "access-"));
  const target = join(root, "target");
  const link = join(root, "own", "link");
  try {
    await mkdir(join(root, "own"));
    if (kind === "file") await writeFile(target, "another's", { mode: 0o640 });
    else await mkdir(target, { mode: 0o750 });
    await symlink(target, link);
    const before = await stat(target);
    await work(link, join(root, "own"));
    const { mode, uid, gid } = await stat(target);
    assert.deepEqual({ mode, uid, gid }, { mode: before.mode, uid: before.uid, gid: before.gid });
    if (kind === "file") assert.equal(await readFile(target, "utf8"), "another's");
  } finally {
    await rm(root, { recursive: true });
  }
}

const owner = postgresAccount;
const refused = { code: "ELOOP" };

for (const kind of ["file", "directory"] as const) {
  test(`mode and owner of a ${kind} are not changed through a link`, () =>
    withLink(kind, (link) => assert.rejects(files.setAccess(link, { mode: 0o777, owner }), refused)));
}

test("a directory is not taken over through a link, also one of /tmp whose name could be guessed", () =>
  withLink("directory", async (link) => {
    await assert.rejects(files.ensureDirectory(link, { mode: 0o700, owner }), refused);
    const [one, two] = [await files.makeScratch("access", owner), await files.makeScratch("access", owner)];
    try {
      assert.notEqual(one, two);
      for (const path of [one, two]) {
        assert.match(path, /access-.{6}$/);
        assert.equal((await files.modeOf(path))?.mode, 0o700);
        if (process.getuid?.() === 0) assert.equal((await files.modeOf(path))?.uid, owner.uid);
      }
    } finally {
      await Promise.all([one, two].map(files.remove));
    }
  }));

test("no file is read through a link, except one that the operator has mounted; and nothing else is waited for", () =>
  withLink("file", async (link, directory) => {
    for (const read of [files.readIfThere, files.readUnzipped, (path: string) => files.readPiece(path, 0, 1)]) {
      await assert.rejects(async () => await read(link), refused);
    }
    assert.equal(await files.readMounted(link), "another's");
    const pipe = join(directory, "pipe");
    await promisify(execFile)("mkfifo", [pipe]);
    for (const path of [pipe, "/dev/zero"]) await assert.rejects(files.readIfThere(path), { code: "EINVAL" }, path);
    assert.match((await files.readIfThere("/proc/self/status"))!, /^Name:/);
  }));

test("no file is written through a link, in whatever way", () =>
  withLink("file", async (link, directory) => {
    const content = new Uint8Array([1, 2, 3]);
    await assert.rejects(files.writeScratch(link, content, { mode: 0o600, owner }), refused);
    await assert.rejects(files.writePart(link, content, { offset: 0 }), refused);
    await assert.rejects(files.writePart(link, content, { offset: 0, create: { mode: 0o600, owner } }), refused);
    await assert.rejects(files.writeBySpare(join(directory, "state"), content, link), refused);
    await files.writeAtomic(link, "own", { mode: 0o600, owner });
    assert.ok((await lstat(link)).isFile(), "the link itself is replaced");
  }));

test("a directory that the operator names may be a link of root's, and no other's", () =>
  withLink("directory", async (link) => {
    const { mode, uid } = await stat(dirname(link) + "/../target");
    await files.ensureNamedDirectory(link, { mode: mode & 0o777 });
    assert.equal(uid, (await stat(link)).uid);
    if (process.getuid?.() !== 0) return;
    await rm(link);
    await symlink(dirname(link), link);
    await lchown(link, owner.uid, owner.gid);
    await assert.rejects(files.ensureNamedDirectory(link, { mode: 0o700, owner }), refused);
  }));

test("what the system refuses names the path itself", async () => {
  await assert.rejects(files.setAccess("/no/such/path", { mode: 0o700 }), { code: "ENOENT", path: "/no/such/path" });
});
