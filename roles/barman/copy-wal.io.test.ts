// PostgreSQL is told that the archive lacks a file only if it does: otherwise a recovery would end early, and nobody would notice.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Context } from "../../core/runtime/context.ts";
import { copyWalCommand } from "./copy-wal.ts";
import { serverHome } from "./text/places.ts";

const name = (segment: number) => `00000001000000000000000${segment}`;

test("a file is copied; one that is not there, cannot be read or has no room has a code of its own", async () => {
  const backupDir = await mkdtemp(join(tmpdir(), "copy-wal-"));
  const said: string[] = [];
  const context = { complain: (line: string) => said.push(line) } as unknown as Context;
  const copy = (segment: number, path: string) =>
    copyWalCommand(context, { args: [backupDir, "pg_cluster", name(segment), path], options: {} });
  const target = join(backupDir, "RECOVERYXLOG");
  try {
    const log = join(serverHome({ backupDir, serverName: "pg_cluster" }), "wals", "0000000100000000");
    await mkdir(log, { recursive: true });
    const whole = gzipSync("WAL".repeat(1_000));
    await writeFile(join(log, name(7)), whole);
    await writeFile(join(log, name(8)), whole.subarray(0, 20));
    assert.equal(await copy(7, target), 0);
    assert.equal(await readFile(target, "utf8"), "WAL".repeat(1_000));
    assert.equal(await copy(9, target), 1);
    assert.deepEqual(said, []);
    assert.equal(await copy(8, target), 126);
    assert.equal(await copy(7, join(backupDir, "no", "directory")), 126);
    assert.match(said.join("\n"), new RegExp(`^postdock: ${name(8)} could not be copied: .*\npostdock: ${name(7)} `));
  } finally {
    await rm(backupDir, { recursive: true });
  }
});
