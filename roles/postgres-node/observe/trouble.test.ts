// Whose trouble it is that a standby reports.
import assert from "node:assert/strict";
import { test } from "node:test";
import { server } from "../../../tests/support/fake-cluster.ts";
import { fakeNode, started } from "../../../tests/support/fake-node.ts";
import type { ServerProcess } from "../doors.ts";
import { statusOf } from "../node.ts";
import { endOfServer } from "./trouble.ts";

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

test("a server that this node has ended itself, without its lease, is not said to have died for no reason", async () => {
  for (
    const [lastExit, said, ours] of [
      [{ code: null, signal: "SIGKILL" }, null, true],
      [{ code: 0, signal: null }, "[1] LOG:  received immediate shutdown request", true],
      [{ code: 1, signal: null }, '[1] FATAL:  could not open file "x": Permission denied', false],
    ] as const
  ) {
    const f = fakeNode();
    await started(f);
    f.node.condition.fencedBecause("the lease of term 2 ended: no voter answered");
    f.node.seen.serverSaid("[1] LOG:  starting PostgreSQL");
    if (said !== null) f.node.seen.serverSaid(said);
    const process = { lastExit: () => lastExit, silent: () => Promise.resolve() } as unknown as ServerProcess;
    const { because } = await endOfServer({ process }, f.node);
    assert.equal(
      /ended PostgreSQL itself, since the lease of term 2 ended: no voter answered/.test(because),
      ours,
      because,
    );
  }
});

test("a server that lacks its certificate because of a mounted file says which file, and what to do", async () => {
  const f = await started(fakeNode({ TLS: "require" }));
  const fault = { because: "TLS_KEY_FILE: /tls/key cannot be read (EACCES)", fix: "make it readable" };
  f.node.condition.tlsIs({ on: true, faults: [fault], certificateEndsMs: null });
  f.node.seen.serverSaid("[1] LOG:  starting PostgreSQL");
  const file = "/run/postdock/tls/server.crt";
  f.node.seen.serverSaid(`[1] FATAL:  could not load server certificate file "${file}": No such file or directory`);
  const process = { lastExit: () => ({ code: 1, signal: null }), silent: () => Promise.resolve() };
  const { because, fix } = await endOfServer({ process: process as unknown as ServerProcess }, f.node);
  assert.match(
    because,
    /^TLS_KEY_FILE: \/tls\/key cannot be read .*; so PostgreSQL did not start: FATAL: could not load/,
  );
  assert.equal(fix, fault.fix);
});
