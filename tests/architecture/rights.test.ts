// docs/security.md names every right of the limited replication role, so that people can judge it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { replicationRights } from "../../roles/postgres-node/text/replication-rights.ts";

const docs = await readFile("docs/security.md", "utf8");

test("docs/security.md names every right", () => {
  assert.deepEqual(
    replicationRights({ postgres: "18" }).filter((right) => !docs.includes(`\`${right.what}\``)).map((r) => r.what),
    [],
  );
});
