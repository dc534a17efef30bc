// Which container gets what from which, as the page draws it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { leader, node, pool, seen } from "../../tests/support/map-view.ts";
import { views } from "../../tests/support/map-views.ts";
import { moreViews } from "../../tests/support/more-map-views.ts";
import { type Place, topology } from "./topology.ts";
import type { MapView } from "./view.ts";

const lines = (view: MapView) => {
  const below = (depth: number) => (place: Place): string[] => {
    const { host, role, edge } = place;
    const by = edge ? `${edge.what}${edge.more ? `, ${edge.more}` : ""} -> ` : "";
    return [`${"  ".repeat(depth)}${by}${host} (${role})`, ...place.below.flatMap(below(depth + 1))];
  };
  return topology(view).flatMap(below(0));
};

test("clients' writes come from pgpool, WAL from the primary, also over several levels", () => {
  assert.deepEqual(lines(views.healthy()), [
    "pgpool (pool)",
    "  writes -> pgmaster (primary)",
    "    streams, 18.0 kB, 0.1 s behind -> pgslave1 (standby)",
    "    streams, no lag -> pgslave2 (standby)",
    "    WAL -> backup (backups)",
  ]);
  assert.deepEqual(lines(views.cascade()).slice(2, 4), [
    "    streams, no lag -> pgslave1 (standby)",
    "      streams, no lag -> pgslave2 (standby)",
  ]);
});

test("a node that does not answer keeps its place, with an edge that is broken", () => {
  const [, , , gone] = lines(views.standbyGone());
  assert.equal(gone, "    does not stream -> pgslave2 (no answer, 12 s)");
});

test("without a primary every container is still there once", () => {
  for (
    const view of [views.primaryKilled(), views.promoting(), moreViews.cutOff(), moreViews.noMajority(), views.fresh()]
  ) {
    const shown = lines(view).map((line) => /(?:-> |^\s*)([\w ]+?) \(/.exec(line)![1]);
    assert.deepEqual(shown.toSorted(), view.cluster.members.map((m) => m.host).toSorted());
  }
});

test("a standby that has not found the new primary yet stands below it", () => {
  const old = { upstream: { host: "pgmaster", port: 5432, streaming: false } };
  const view = seen({
    pgslave1: node("pgslave1", { postgres: { role: "primary", upstream: null }, lease: { held: true } }),
    pgslave2: node("pgslave2", { postgres: old }),
  });
  assert.deepEqual(lines(view), ["pgslave1 (primary)", "  does not stream -> pgslave2 (standby)"]);
});

test("while the primary is lost, its standbys stand below it with broken edges", () => {
  assert.deepEqual(lines(views.primaryKilled()).slice(0, 3), [
    "pgmaster (no answer, 2 s)",
    "  does not stream -> pgslave1 (standby)",
    "  does not stream -> pgslave2 (standby)",
  ]);
});

test("nodes that name each other as upstream are all shown, once", () => {
  const of = (host: string) => ({ upstream: { host, port: 5432, streaming: true } });
  const view = seen({
    pgslave1: node("pgslave1", { postgres: of("pgslave2") }),
    pgslave2: node("pgslave2", { postgres: of("pgslave1") }),
  });
  assert.deepEqual(lines(view), ["pgslave1 (standby)", "  streams, no lag -> pgslave2 (standby)"]);
});

test("a pool that sends writes elsewhere, or to no node, stands apart and says so", () => {
  const view = seen({ pgmaster: leader(), pgpool: pool(null, { pgmaster: "down" }) });
  assert.deepEqual(lines(view), ["pgmaster (primary)", "pgpool (pool)"]);
  assert.equal(topology(view)[1]!.doing, "sends writes to no node");
});

test("commits that wait for a standby are marked on its edge", () => {
  const waited = {
    applicationName: "node2",
    address: null,
    state: "streaming",
    syncState: "quorum",
    sentLsn: null,
    replayLsn: null,
  };
  const view = seen({ pgmaster: leader({ postgres: { downstream: [waited] } }), pgslave1: node("pgslave1") });
  assert.equal(topology(view)[0]!.below[0]!.edge!.what, "streams, commits wait for it");
});
