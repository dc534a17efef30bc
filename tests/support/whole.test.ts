// When a cluster counts as whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { says } from "./fake-cluster.ts";
import { describe, primaryOfWhole, type Said } from "./whole.ts";

const hosts = ["pg1", "pg2", "pg3"];
const upstream = { host: "pg1", port: 5432, streaming: true };

const streaming = (...names: readonly string[]) =>
  names.map((applicationName) =>
    ({ applicationName, state: "streaming" }) as NodeStatus["postgres"]["downstream"][number]
  );

/** pg1 leads, the others stream from it, all are registered; with a change of pg3. */
function cluster(
  change: (pg3: NodeStatus) => NodeStatus | null = (same) => same,
  seenByPrimary = streaming("node2", "node3"),
): Said[] {
  return hosts.map((service) => {
    const role = service === "pg1" ? "primary" : "standby";
    const of = says(service, { phase: "running" }, { standby: role === "standby", timeline: 3 });
    const registered = [{ nodeId: of.node.id, name: service, type: role, active: true, upstreamId: null }];
    const downstream = service === "pg1" ? seenByPrimary : [];
    const postgres = { ...of.postgres, role, upstream: role === "standby" ? upstream : null, registered, downstream };
    const status = { ...of, postgres } as unknown as NodeStatus;
    return { service, status: service === "pg3" ? change(status) : status };
  });
}

const changed = (postgres: Partial<NodeStatus["postgres"]>) =>
  cluster((pg3) => ({ ...pg3, postgres: { ...pg3.postgres, ...postgres } }));

test("whole: one primary, and all others stream from it on its timeline and are registered as what they are", () => {
  assert.equal(primaryOfWhole(cluster()), "pg1");
  for (
    const [what, seen] of Object.entries({
      "a node that does not answer": cluster(() => null),
      "one that starts": cluster((pg3) => ({ ...pg3, phase: "recovering" })),
      "one on another timeline": changed({ timeline: 2 }),
      "one that does not stream": changed({ upstream: { ...upstream, streaming: false } }),
      "one that streams from another standby": changed({ upstream: { ...upstream, host: "pg2" } }),
      "one that the primary does not see": cluster((pg3) => pg3, streaming("node2")),
      "a second primary": changed({ role: "primary" }),
      "one that is not registered": changed({ registered: [] }),
    })
  ) {
    assert.equal(primaryOfWhole(seen), null, what);
  }
});

test("a node is described in a few words", () => {
  const words = cluster().map(({ status }) => describe(status));
  assert.deepEqual(words.slice(0, 2), ["running primary timeline 3", "running standby timeline 3 from pg1"]);
  assert.equal(describe(null), "no answer");
});
