// What the status says of TLS, also while the server cannot be asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { fakeNode, started } from "../../../tests/support/fake-node.ts";
import { watchTls } from "./tls.ts";

test("TLS that cannot be looked at is named, not at the first failure, and not once it can be again", async () => {
  const f = await started(fakeNode());
  let broken = true;
  const read = () =>
    broken
      ? Promise.reject(new Error("sorry, too many clients already"))
      : Promise.resolve([{ name: "ssl", value: "off" }]);
  const mounted: { faults: Trouble[] } = { faults: [] };
  const watching = watchTls(f.node, mounted, read);
  await f.clock.pass(4_000);
  assert.equal(f.node.condition.tls, null, "a server that is ending does not answer either");
  await f.clock.pass(5_000);
  const [fault] = f.node.condition.tls!.faults;
  assert.equal(fault!.because, "its TLS could not be looked at: sorry, too many clients already");
  assert.match(fault!.fix, /max_connections/);
  broken = false;
  await f.clock.pass(5_000);
  assert.deepEqual(f.node.condition.tls, { on: false, faults: [], certificateEndsMs: null });
  mounted.faults = [{ because: "TLS_KEY_FILE /k holds no private key", fix: "give it the key in PEM form" }];
  await f.clock.pass(60_000);
  const seen = f.node.condition as { tls: { faults: Trouble[] } | null };
  assert.deepEqual(seen.tls?.faults, mounted.faults, "what is mounted is named as well");
  f.stop.abort("SIGTERM");
  await watching;
});

test("while its server does not run, what is wrong with the mounted files is named: it may be the reason", async () => {
  const f = fakeNode({ TLS: "require" });
  const fault = { because: "TLS_KEY_FILE: there is no file /k", fix: "mount it there" };
  const mounted: { faults: Trouble[] } = { faults: [fault] };
  const watching = watchTls(f.node, mounted, () => Promise.reject(new Error("no server")));
  await f.clock.pass(2_000);
  assert.deepEqual(f.node.condition.tls, { on: true, faults: [fault], certificateEndsMs: null });
  mounted.faults = [];
  await f.clock.pass(2_000);
  assert.deepEqual((f.node.condition as { tls: { faults: Trouble[] } | null }).tls?.faults, []);
  f.stop.abort("SIGTERM");
  await watching;
});
