import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ensureNpmFiles } from "./npm-package.ts";

const croner = {
  name: "croner",
  version: "11.0.1",
  sha512:
    "fdf9877287333f2e5c31c989e9ec7b27b2c0c1be78e55d5d36646b74318fde1c12b60ff4e8860fe7a62007248249d5860f3d8f2584320ee91a47c6fc479a361c",
  wanted: "package.json",
};

/** With an empty directory for the cache, which goes afterwards. */
async function withCache(work: (cache: string) => Promise<void>): Promise<void> {
  const cache = await mkdtemp(join(tmpdir(), "postdock-npm-"));
  try {
    await work(cache);
  } finally {
    await rm(cache, { recursive: true });
  }
}

test("ensureNpmFiles() keeps what is wanted of the package, and fetches it once", async () => {
  await withCache(async (cache) => {
    const directory = await ensureNpmFiles("croner", croner, cache);
    assert.deepEqual(await readdir(join(cache, "croner")), ["11.0.1"]);
    assert.deepEqual(await readdir(join(directory, "package")), ["package.json"]);
    assert.equal(JSON.parse(await readFile(join(directory, "package/package.json"), "utf8")).version, "11.0.1");
    // a second fetch would be refused for its sum
    assert.equal(await ensureNpmFiles("croner", { ...croner, sha512: "other" }, cache), directory);
  });
});

test("ensureNpmFiles() refuses a package with another sum, and leaves nothing", async () => {
  await withCache(async (cache) => {
    await assert.rejects(ensureNpmFiles("croner", { ...croner, sha512: "other" }, cache), /not the one that was tried/);
    assert.deepEqual(await readdir(join(cache, "croner")), []);
  });
});
