// WAL is found wherever barman has it, whole before unfinished, and comes decompressed.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { createLog } from "../../../core/runtime/log.ts";
import { type AnswerOf, type orders, pieceBytes } from "../../../core/protocol/orders.ts";
import { walDesk } from "../http/wal-desk.ts";
import { type Places, serverHome } from "../text/places.ts";
import { readWal } from "./wal-files.ts";

const name = "00000001000000000000001E";

async function withArchive(files: Record<string, string | Uint8Array>, work: (places: Places) => Promise<void>) {
  const backupDir = await mkdtemp(join(tmpdir(), "archive-"));
  const places = { backupDir, serverName: "pg_cluster" };
  try {
    for (const directory of ["wals/0000000100000000", "streaming"]) {
      await mkdir(join(serverHome(places), directory), { recursive: true });
    }
    for (const [path, content] of Object.entries(files)) await writeFile(join(serverHome(places), path), content);
    await work(places);
  } finally {
    await rm(backupDir, { recursive: true });
  }
}

const text = async (places: Places, asked: string, unfinished: boolean) =>
  (await readWal(places, asked, unfinished))?.toString() ?? null;

test("a whole file is preferred: archived, then received; an unfinished one only if it may be", async () => {
  const all = {
    [`wals/0000000100000000/${name}`]: gzipSync("archived"),
    [`streaming/${name}`]: "received",
    [`streaming/${name}.partial`]: "being received",
    [`wals/0000000100000000/${name}.partial`]: gzipSync("unfinished when its timeline ended"),
  };
  const order = ["archived", "received", "being received", "unfinished when its timeline ended"];
  for (const [i, path] of Object.keys(all).entries()) {
    const left = Object.fromEntries(Object.entries(all).slice(i));
    await withArchive(left, async (places) => {
      assert.equal(await text(places, name, true), order[i], path);
      assert.equal(await text(places, name, false), i < 2 ? order[i] : null, path);
    });
  }
});

test("histories are decompressed, and what is not there, or is empty, is null", () =>
  withArchive({ "wals/00000002.history": gzipSync("1\t0/1\n"), [`streaming/${name}.partial`]: "" }, async (places) => {
    assert.equal(await text(places, "00000002.history", false), "1\t0/1\n");
    assert.equal(await text(places, "00000003.history", true), null);
    assert.equal(await text(places, name, true), null);
  }));

test("the desk sends a file in pieces, in any order after the first, and refuses what is not there", () =>
  withArchive({ [`streaming/${name}`]: Buffer.alloc(2 * pieceBytes + 5, "x") }, async (config) => {
    const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
    const ask = walDesk({ config, log } as unknown as Parameters<typeof walDesk>[0]);
    const bytesOf = (p: AnswerOf<typeof orders.wal>) => p.content.length;
    await assert.rejects(ask({ name, offset: pieceBytes }), /the first piece of .* was not asked for/);
    assert.equal((await ask({ name, offset: 0 })).totalBytes, 2 * pieceBytes + 5);
    assert.deepEqual([
      bytesOf(await ask({ name, offset: 2 * pieceBytes })),
      bytesOf(await ask({ name, offset: pieceBytes })),
    ], [5, pieceBytes]);
    await assert.rejects(ask({ name: "00000001000000000000001F", offset: 0 }), /barman has no/);
  }));
