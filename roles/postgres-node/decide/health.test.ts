import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import { type Asked, decideHealth, decideUnhealthy } from "./health.ts";

interface Shape {
  host: string;
  role: NodeStatus["postgres"]["role"];
  upstream?: string | null;
  partners?: string[];
  everHadMajority?: boolean;
  fenced?: string;
  /** the lease is in force, and this node holds it or not */
  lease?: boolean;
}

function status(shape: Shape): NodeStatus {
  return {
    schema: 1,
    component: "postgres-node",
    postdock: "2.0.0",
    phase: "running",
    doing: "",
    because: "",
    uptimeSeconds: 1,
    variables: {},
    observedAgoMs: 1,
    cluster: "pg_cluster",
    node: { id: 1, name: shape.host, host: shape.host },
    priority: 100,
    certain: false,
    failingMs: 0,
    trouble: null,
    unhealthy: null,
    reinit: null,
    roles: [],
    tls: null,
    settings: [],
    partners: shape.partners ?? ["a", "b", "c"],
    everHadMajority: shape.everHadMajority ?? true,
    becomingPrimary: false,
    revision: 1,
    paused: { on: false, count: 0, atMs: 0 },
    disk: null,
    forced: false,
    force: null,
    overruled: false,
    restore: null,
    lastRestore: null,
    kept: null,
    consistency: { mode: "eventual", degraded: null },
    fenced: shape.fenced ?? null,
    lease: {
      mode: shape.lease === undefined ? "off" : "on",
      because: "",
      held: shape.lease ?? false,
      remainingMs: 0,
      term: 0,
      grantedTo: null,
      voters: [],
      refusals: [],
    },
    repmgrd: { running: true, because: null },
    postgres: {
      data: "cluster",
      running: true,
      role: shape.role,
      wasPrimary: shape.role === "primary",
      systemIdentifier: "1",
      timeline: 1,
      lsn: "0/1",
      replayLsn: null,
      lagBytes: null,
      lagSeconds: null,
      replayPaused: false,
      upstream: shape.upstream ? { host: shape.upstream, port: 5432, streaming: true } : null,
      downstream: [],
      registered: null,
    },
  };
}

const reached = (shape: Shape): Asked => ({ host: shape.host, seen: "reached", status: status(shape) });
const lost = (host: string): Asked => ({ host, seen: "unreachable" });
const primary = status({ host: "a", role: "primary" });

test("decideHealth() passes a standby, a starting node, and the primary that a majority follows", () => {
  assert.equal(decideHealth({ own: status({ host: "a", role: "standby" }), asked: [] }).ok, true);
  assert.equal(decideHealth({ own: status({ host: "a", role: "none" }), asked: [] }).ok, true);
  const asked = [reached({ host: "b", role: "standby", upstream: "a" }), lost("c")];
  assert.equal(decideHealth({ own: primary, asked }).ok, true);
});

test("decideHealth() fails a node that could not find out its own role", () => {
  assert.equal(decideHealth({ own: status({ host: "a", role: "unknown" }), asked: [] }).ok, false);
});

test("decideHealth() fails a primary without a majority of answers, and names the missing nodes", () => {
  const verdict = decideHealth({ own: primary, asked: [lost("b"), lost("c")] });
  assert.equal(verdict.ok, false);
  assert.match(verdict.because, /b, c/);
});

test("decideHealth() does not count partners that never joined until a majority has joined once", () => {
  const own = status({ host: "a", role: "primary", everHadMajority: false });
  assert.equal(decideHealth({ own, asked: [lost("b"), lost("c")] }).ok, true);
  const joined = reached({ host: "b", role: "none", everHadMajority: true });
  assert.equal(decideHealth({ own, asked: [joined, lost("c"), lost("d"), lost("e")] }).ok, false);
});

test("decideHealth() fails a primary whose rival has at least as many standbys, counted through cascades", () => {
  const rival = reached({ host: "b", role: "primary" });
  assert.equal(decideHealth({ own: primary, asked: [rival, lost("c")] }).ok, false, "none against none");
  const mine = reached({ host: "c", role: "standby", upstream: "a" });
  assert.equal(decideHealth({ own: primary, asked: [rival, mine] }).ok, true, "one against none");
  const below = reached({ host: "d", role: "standby", upstream: "e" });
  const middle = reached({ host: "e", role: "standby", upstream: "b" });
  assert.equal(decideHealth({ own: primary, asked: [rival, mine, below, middle] }).ok, false, "one against two");
});

test("decideHealth() never passes two primaries that see the same nodes", () => {
  const standby = fc.record({
    host: fc.constantFrom("c", "d", "e", "f"),
    upstream: fc.constantFrom("a", "b", "c", "d", null),
  });
  fc.assert(fc.property(fc.uniqueArray(standby, { selector: (s) => s.host }), (standbys) => {
    const rest = standbys.map((s) => reached({ ...s, role: "standby" as const }));
    const a: Shape = { host: "a", role: "primary" };
    const b: Shape = { host: "b", role: "primary" };
    const first = decideHealth({ own: status(a), asked: [reached(b), ...rest] });
    const second = decideHealth({ own: status(b), asked: [reached(a), ...rest] });
    return !(first.ok && second.ok);
  }));
});

test("a node is unhealthy once its server has been down, or it has waited, for longer than its variables allow", () => {
  const limits = { failingMs: 90_000, waitingMs: 600_000 };
  const sound = { failingMs: 0, refuses: false, trouble: null, waitingMs: 0, waitsBecause: "no primary", limits };
  const trouble = { because: "FATAL: the disk is on fire" };
  assert.equal(decideUnhealthy(sound), null);
  assert.equal(decideUnhealthy({ ...sound, failingMs: 89_999, trouble, waitingMs: 599_999 }), null);
  assert.match(
    decideUnhealthy({ ...sound, failingMs: 90_000, trouble })!.because,
    /not answered its agent for 90 s.*START_TIMEOUT: FATAL: the disk/,
  );
  assert.match(
    decideUnhealthy({ ...sound, waitingMs: 600_000 })!.because,
    /waited for 600 s.*WAIT_UPSTREAM_TIMEOUT: no primary/,
  );
  assert.equal(decideUnhealthy({ ...sound, limits: { failingMs: 0, waitingMs: 0 } }), null, "nothing is wrong");
});

test("a restart may help a server that is down or silent; not one that refuses its agent, nor a node that waits for others", () => {
  const limits = { failingMs: 90_000, waitingMs: 600_000 };
  const sound = { failingMs: 0, refuses: false, trouble: null, waitingMs: 0, waitsBecause: "", limits };
  const helps = (changes: Partial<typeof sound>) => decideUnhealthy({ ...sound, ...changes })?.restartHelps;
  assert.equal(helps({ failingMs: 90_000 }), true);
  assert.equal(helps({ failingMs: 90_000, refuses: true }), false);
  assert.equal(helps({ waitingMs: 600_000 }), false);
  assert.equal(helps({ failingMs: 90_000, waitingMs: 600_000 }), true);
});
