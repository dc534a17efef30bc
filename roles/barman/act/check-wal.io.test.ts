// WAL that is damaged or cut off is named before anything is stopped for it, and a long row is not read for ever.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseWalName } from "../../../core/postgres/wal-name.ts";
import { checkWal } from "./check-wal.ts";

const segmentBytes = 2 ** 20;
const names = ["000000010000000000000001", "000000010000000000000002"];

async function archive(contents: readonly Buffer[]) {
  const backupDir = await mkdtemp(join(tmpdir(), "postdock-wal-"));
  const log = join(backupDir, "pg", "wals", names[0]!.slice(0, 16));
  await mkdir(log, { recursive: true });
  await mkdir(join(backupDir, "pg", "streaming"), { recursive: true });
  for (const [i, content] of contents.entries()) await writeFile(join(log, names[i]!), content);
  const plan = { wal: names.map((name) => parseWalName(name, segmentBytes)!), backup: { segmentBytes } };
  return (nowMs = () => 0) => checkWal(plan, { backupDir, serverName: "pg" }, { nowMs });
}

const whole = gzipSync(Buffer.alloc(segmentBytes, 1));
const damaged = Buffer.from(whole);
damaged[500] = damaged[500]! ^ 0xff;

test("files that are whole pass, compressed or not", async () => {
  const check = await archive([whole, Buffer.alloc(segmentBytes)]);
  assert.equal(await check(), "all of them were read, and are whole");
});

test("a damaged, a cut and a missing file are named with what is wrong", async () => {
  for (
    const [second, why] of [[damaged, /incorrect|invalid|corrupt|Zlib/i], [
      Buffer.alloc(100, 1),
      /it has 100 bytes/,
    ]] as const
  ) {
    const check = await archive([whole, second]);
    await assert.rejects(check(), (error: Error & { what?: string; why?: string; exitCode?: number }) => {
      assert.match(String(error.what), /WAL file 000000010000000000000002 cannot be read/);
      assert.match(String(error.why), why);
      return error.exitCode === 77;
    });
  }
  await assert.rejects((await archive([whole]))(), { why: "it is gone" });
});

test("what takes too long is left to the recovery, and said so", async () => {
  const check = await archive([whole, damaged]);
  let nowMs = -40_000;
  assert.match(await check(() => nowMs += 40_000), /^1 of these WAL files were read/);
});
