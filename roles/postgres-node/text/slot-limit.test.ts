// What slots may keep follows the size of the volume.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeConfig } from "../../../tests/support/fake-cluster.ts";
import { keptWalMb, renderPostgresqlConf, slotLimitMb, withWalSizes } from "./postgresql-conf.ts";

const GB = 1024 ** 3;

test("slots keep a quarter of a small volume, 8 GB of a usual one, a tenth of a large one", () => {
  assert.deepEqual([0.1, 2, 20, 50, 1000].map((size) => slotLimitMb(size * GB)), [64, 512, 5120, 8192, 102_400]);
  assert.equal(slotLimitMb(null), 8192);
});

test("the setting is in postgresql.conf, and CONFIGS has the last word", () => {
  assert.match(renderPostgresqlConf(fakeConfig(), [], 2 * GB), /^max_slot_wal_keep_size = '512MB'$/m);
  const own = renderPostgresqlConf(fakeConfig(), [{ name: "max_slot_wal_keep_size", value: "1GB" }], 2 * GB);
  assert.deepEqual(own.match(/^max_slot_wal_keep_size.*$/gm), ["max_slot_wal_keep_size = '1GB'"]);
});

test("what is kept for standbys without a slot is an eighth of a small volume, and never more than usual", () => {
  assert.deepEqual([0.1, 2, 4, 50].map((size) => keptWalMb(512, size * GB)), [64, 256, 512, 512]);
  assert.deepEqual([keptWalMb(8000, 50 * GB), keptWalMb(8000, null)], [6400, 8000]);
  assert.match(renderPostgresqlConf(fakeConfig(), [], 2 * GB), /^wal_keep_size = '256MB'$/m);
});

test("WAL files of another size have the sizes of initdb, unless CONFIGS sets them", () => {
  const MB = 1024 * 1024;
  assert.equal(withWalSizes("a = 1\n", 16 * MB, null), "a = 1\n");
  assert.equal(withWalSizes("a = 1\n", 64 * MB, null), "a = 1\nmin_wal_size = '320MB'\nmax_wal_size = '4096MB'\n");
  const own = "min_wal_size = '1GB'\nmax_wal_size = '2GB'\n";
  assert.equal(withWalSizes(own, 64 * MB, GB), own);
});

test("WAL between two checkpoints follows the size of a small volume, and holds four files at least", () => {
  const sizes = (volumeBytes: number, segmentMb = 16) =>
    withWalSizes("", segmentMb * 1024 * 1024, volumeBytes).match(/\d+(?=MB)/g) ?? [];
  assert.deepEqual(sizes(700 * 1024 * 1024), ["80", "87"]);
  assert.deepEqual(sizes(100 * 1024 * 1024), ["64", "64"]);
  assert.deepEqual(sizes(4 * GB), ["80", "512"]);
  assert.deepEqual(sizes(8 * GB), []);
  assert.deepEqual(sizes(GB, 64), ["256", "256"]);
});
