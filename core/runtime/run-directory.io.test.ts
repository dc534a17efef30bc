import assert from "node:assert/strict";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isNamed, nameEntry } from "./decide/account-name.ts";
import { writtenAt } from "./files.ts";
import { placeOf } from "./run-directory.ts";

test("writtenAt() goes by the image's link into /run/postdock, and by no other", async () => {
  const directory = await mkdtemp(join(tmpdir(), "written-at-"));
  const at = (name: string) => join(directory, name);
  try {
    await symlink("/run/postdock/repmgr.conf", at("repmgr.conf"));
    await symlink("/run/postdock/repmgr.conf", at("other.conf"));
    await symlink("/etc/shadow", at("shadow"));
    assert.equal(await writtenAt(at("repmgr.conf")), "/run/postdock/repmgr.conf");
    assert.equal(await placeOf(at("repmgr.conf")), "/run/postdock");
    for (const name of ["other.conf", "shadow", "missing"]) assert.equal(await writtenAt(at(name)), at(name));
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("isNamed() compares whole uids, and nameEntry() gives one a name", () => {
  const passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:999:999::/var/lib/postgresql:/bin/bash\n";
  assert.deepEqual([0, 999, 9, 99, 12345].map((uid) => isNamed(uid, passwd)), [true, true, false, false, false]);
  const entry = nameEntry({ uid: 12345, gid: 0, home: "/home", name: "postgres" });
  assert.equal(entry, "postgres:x:12345:0::/home:/bin/bash\n");
  assert.ok(isNamed(12345, passwd + entry));
});
