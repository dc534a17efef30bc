// Data without a directory that no server works without are damaged, whatever else is there.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { filledDirectories, neededDirectories } from "../text/directories.ts";
import { usualVersions } from "../../../config/image-versions.ts";
import { observeData } from "./data-directory.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });

test("a directory that is missing, or empty although it never is, is named", async () => {
  const pgdata = await mkdtemp(join(tmpdir(), "pgdata-"));
  try {
    await writeFile(join(pgdata, "PG_VERSION"), "17\n");
    for (const name of neededDirectories) await mkdir(join(pgdata, name), { recursive: true });
    for (const name of filledDirectories) await writeFile(join(pgdata, name, "0000"), "x");
    const why = async () => {
      const data = await observeData({ pgdata, imageVersions: usualVersions }, log);
      return data.kind === "damaged" ? data.why : data.kind;
    };
    assert.doesNotMatch(await why(), /is not there/, "only the control file is missing");
    await rm(join(pgdata, "pg_xact", "0000"));
    assert.equal(await why(), "pg_xact is not there, or empty");
    await rm(join(pgdata, "pg_multixact"), { recursive: true });
    assert.equal(await why(), "pg_multixact/members, pg_multixact/offsets, pg_xact are not there, or empty");
  } finally {
    await rm(pgdata, { recursive: true });
  }
});

test("an empty directory is not taken for a new node's where the one above holds a cluster", async () => {
  const above = await mkdtemp(join(tmpdir(), "pgdata-"));
  const pgdata = join(above, "pgdata");
  try {
    await mkdir(pgdata);
    const seen = () => observeData({ pgdata, imageVersions: usualVersions }, log);
    assert.deepEqual(await seen(), { kind: "empty" });
    await writeFile(join(above, "PG_VERSION"), "11\n");
    assert.deepEqual(await seen(), { kind: "foreign", entries: [], clusterAbove: above });
    await writeFile(join(pgdata, "PG_VERSION"), "17\n");
    assert.equal((await seen()).kind, "damaged", "PGDATA has a cluster of its own");
  } finally {
    await rm(above, { recursive: true });
  }
});
