// What is removed before a start: files that a kill left half written, and on a primary that knows of no majority, its standbys'
// slots. Nothing else.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { clearLeftovers, discardBootstrap, forgetStandbys } from "./leftovers.ts";

const lines: string[] = [];
const log = createLog({ level: "INFO", write: (line) => lines.push(line), wallMs: () => 0 });

async function inDirectory(run: (pgdata: string) => Promise<void>) {
  const pgdata = await mkdtemp(join(tmpdir(), "leftovers-"));
  try {
    await run(pgdata);
  } finally {
    await rm(pgdata, { recursive: true });
  }
}

test("a half-written file at the top of the data directory is removed and named; names that are alike stay", async () => {
  await inDirectory(async (pgdata) => {
    const half = "pgsql_tmp.0b0e4a52-9f8f-4c8f-8e0c-3f6a2f7d1c11";
    for (const name of [half, "pgsql_tmp.postdock", "PG_VERSION"]) await writeFile(join(pgdata, name), "");
    await clearLeftovers(pgdata, log);
    assert.deepEqual((await readdir(pgdata)).toSorted(), ["PG_VERSION", "pgsql_tmp.postdock"]);
    assert.match(lines.at(-1)!, new RegExp(half));
  });
});

test("the slots of standbys are removed, those of others stay", async () => {
  await inDirectory(async (pgdata) => {
    for (const slot of ["repmgr_slot_2", "repmgr_slot_13", "barman_the_backupper", "repmgr_slot_x"]) {
      await mkdir(join(pgdata, "pg_replslot", slot), { recursive: true });
      await writeFile(join(pgdata, "pg_replslot", slot, "state"), "");
    }
    await forgetStandbys(pgdata, log);
    const left = (await readdir(join(pgdata, "pg_replslot"))).toSorted();
    assert.deepEqual(left, ["barman_the_backupper", "repmgr_slot_x"]);
  });
});

test("a bootstrap that never finished goes with what it has put into tablespaces, so that the next one can make them", async () => {
  await inDirectory(async (pgdata) => {
    await inDirectory(async (tablespace) => {
      await mkdir(join(tablespace, "PG_17_202406281", "5"), { recursive: true });
      await writeFile(join(tablespace, "an operator's file"), "");
      await mkdir(join(pgdata, "pg_tblspc"));
      await mkdir(join(pgdata, "pgsql_tmp.postdock"));
      await symlink(tablespace, join(pgdata, "pg_tblspc", "16384"));
      await discardBootstrap(pgdata, log);
      assert.deepEqual(await readdir(pgdata), ["pgsql_tmp.postdock"]);
      assert.deepEqual(await readdir(tablespace), ["an operator's file"]);
    });
  });
});
