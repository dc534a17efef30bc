// Whose trouble it is that a standby reports.
import assert from "node:assert/strict";
import { test } from "node:test";
import { server } from "../../../tests/support/fake-cluster.ts";
import { fakeNode, started } from "../../../tests/support/fake-node.ts";
import { statusOf } from "../node.ts";

test("a file that the upstream cannot read is mended on the upstream, not on the standby that asks for it", async () => {
  const f = fakeNode();
  f.world.server = server({ standby: true, upstream: { host: "pg2", port: 5432, streaming: false } });
  await started(f);
  f.node.seen.serverSaid("[1] LOG:  starting PostgreSQL");
  f.node.seen.serverSaid(
    '[9] FATAL:  could not receive data from WAL stream: ERROR:  could not open file "pg_wal/000000010000000000000003": Permission denied',
  );
  assert.match(statusOf(f.node).trouble!.fix, /on the volume of pg2, give it to uid 999/);
});
