// Tests of IMAGE_VERSIONS, and that its default is the default combination of the list of images.
import assert from "node:assert/strict";
import { test } from "node:test";
import { imageVersions, isSince, usualVersions } from "./image-versions.ts";

test("an image names the versions that it holds, and the rest does not count there", () => {
  assert.deepEqual(imageVersions.parse("pgpool=4.3,postgres=15", "environment"), {
    ...usualVersions,
    pgpool: "4.3",
    postgres: "15",
  });
});

test("versions compare by their numbers and not as text", () => {
  assert.ok(isSince("3.13", "3.4"));
  assert.ok(!isSince("3.4", "3.13"));
  assert.ok(isSince("17", "9.6"));
  assert.ok(isSince("17", "17"));
  assert.ok(!isSince("4.6", "4.7"));
});
