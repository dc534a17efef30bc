// What slots may keep follows the size of the volume.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeConfig } from "../../../tests/support/fake-cluster.ts";
import { renderPostgresqlConf, slotLimitMb } from "./postgresql-conf.ts";

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
