import assert from "node:assert/strict";
import { test } from "node:test";
import { mountsBelow } from "./mounts.ts";

const mountinfo = [
  "1051 948 0:178 / / rw,relatime shared:380 - overlay overlay rw,lowerdir=/l",
  "1060 1051 254:1 /volumes/a/_data /var/lib/postgresql/data rw,relatime - ext4 /dev/vda1 rw",
  "1061 1060 254:1 /volumes/b/_data /var/lib/postgresql/data/log rw,relatime - ext4 /dev/vda1 rw",
  "1062 1060 0:90 / /var/lib/postgresql/data/pg_stat_tmp rw - tmpfs tmpfs rw",
  "1063 1060 0:91 / /var/lib/postgresql/data/my\\040own rw - tmpfs tmpfs rw",
  "1064 1051 0:92 / /var/lib/postgresql/database rw - tmpfs tmpfs rw",
  "",
].join("\n");

test("mountsBelow() names what is mounted inside of a directory, and neither its own mount nor its neighbours", () => {
  for (const directory of ["/var/lib/postgresql/data", "/var/lib/postgresql/data/"]) {
    assert.deepEqual(mountsBelow(mountinfo, directory), [
      "/var/lib/postgresql/data/log",
      "/var/lib/postgresql/data/pg_stat_tmp",
      "/var/lib/postgresql/data/my own",
    ]);
  }
  assert.deepEqual(mountsBelow(mountinfo, "/srv"), []);
  assert.deepEqual(mountsBelow("", "/srv"), []);
});
