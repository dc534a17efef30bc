// A plan for a restore while the retention policy removes WAL: it is made once more, and then refused in words.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { inBarman } from "../../../tests/support/base-backup.ts";
import { refuse } from "../decide/restore-plan.ts";
import { serverHome } from "../text/places.ts";
import { onceMoreIfUnread, planRestore } from "./plan-restore.ts";
import { WalUnread } from "./wal-reader.ts";

const asked = { target: { kind: "latest" }, backup: null, timeline: null } as const;

test("a file that is listed and cannot be read ends in a refusal that names it and says what to type", () =>
  inBarman({}, async ({ home }) => {
    const places = { backupDir: home, serverName: "pg_cluster" };
    const log = join(serverHome(places), "wals", "0000000100000000");
    await mkdir(log, { recursive: true });
    for (const name of ["7", "8"]) await writeFile(join(log, `00000001000000000000000${name}`), "");
    const planned = await planRestore(asked, places, 0);
    assert.ok("refused" in planned);
    assert.match(planned.refused.because, /^WAL file 000000010000000000000008 was removed while it was read, or it is/);
    assert.match(planned.refused.fix, /postdock barman list/);
    await writeFile(join(log, "000000010000000000000008"), gzipSync("WAL").subarray(0, 15));
    const damaged = await planRestore(asked, places, 0);
    assert.ok("refused" in damaged);
    assert.match(damaged.refused.because, /^WAL file 000000010000000000000008 cannot be read: /);
  }));

test("what is removed during the first look is planned without, and other errors are thrown", async () => {
  const planned = refuse("found at the second look", "none");
  let looks = 0;
  const goneOnce = () => ++looks === 1 ? Promise.reject(new WalUnread("a file", "is gone")) : Promise.resolve(planned);
  assert.equal(await onceMoreIfUnread(goneOnce), planned);
  assert.equal(looks, 2);
  await assert.rejects(onceMoreIfUnread(() => Promise.reject(new Error("broken"))), /broken/);
});
