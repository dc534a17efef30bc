// The reserve of a volume, in real files.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { reserveBytes } from "../../../core/postgres/room.ts";
import { diskSpace } from "../../../core/runtime/files.ts";
import { stateDirectory } from "./own-directory.ts";
import { giveUpReserve, keepReserve } from "./reserve.ts";

test("the reserve takes its room at once, is made once, and gives it back", async () => {
  const pgdata = await mkdtemp(join(tmpdir(), "room-"));
  await chmod(pgdata, 0o755);
  try {
    await keepReserve(pgdata);
    const file = join(stateDirectory(pgdata), "reserve");
    const { size, blocks, mtimeMs } = await stat(file);
    assert.equal(size, reserveBytes((await diskSpace(pgdata)).totalBytes));
    assert.ok(blocks * 512 >= size, "its blocks are taken");
    await keepReserve(pgdata);
    assert.equal((await stat(file)).mtimeMs, mtimeMs);
    assert.equal(await giveUpReserve(pgdata), size);
    assert.equal(await giveUpReserve(pgdata), 0);
  } finally {
    await rm(pgdata, { recursive: true });
  }
});
