// images/versions.json is the one list: what the executable assumes without it, and what the docs say, follow from it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { usualVersions } from "../../config/image-versions.ts";
import { defaultOf, imagesOf, type Versions } from "../../tools/matrix.ts";

const versions: Versions = JSON.parse(await readFile("images/versions.json", "utf8"));

test("without IMAGE_VERSIONS the executable assumes the default combination", () => {
  const { suite: _suite, ...listed } = defaultOf(versions);
  assert.deepEqual(usualVersions, listed);
});

test("docs/images.md names every image of the list, and no other", async () => {
  const docs = await readFile("docs/images.md", "utf8");
  const tags = versions.combinations.flatMap((c) => imagesOf(versions, c)).map(({ tag }) => tag).sort();
  const named = new Set([...docs.matchAll(new RegExp(`\\b${versions.postdock}-[a-z0-9-]+`, "g"))].map(([tag]) => tag));
  assert.deepEqual([...named].sort(), tags);
});
