// What a look at a cluster sees in the states that the page has to show, for pure tests and for pictures: from the first start
// over a day like any other to a failover.
import type { MapView } from "../../cli/map/view.ts";
import { backup, event, hour, leader, node, pool, seen, silent } from "./map-view.ts";

const up = { pgmaster: "up", pgslave1: "up", pgslave2: "up" } as const;
const first = event(30 * hour, "pgmaster", "Promoted", { because: "this node is the first primary", tookMs: 400 });
const follows = { upstream: { host: "pgslave1", port: 5432, streaming: true }, timeline: 8 };
const leads2 = { role: "primary", timeline: 8, upstream: null } as const;
const promoted = event(9_000, "pgslave1", "Promoted", {
  because: "repmgrd elected this node: the primary is gone, and no standby has more WAL",
  tookMs: 640,
  rest: [{ name: "term", value: "13" }, { name: "timeline", value: "8" }],
});
const wholePool = pool("pgmaster", up);

/** The states, by name. */
export const views = {
  healthy: () =>
    seen({
      pgmaster: leader(),
      pgslave1: node("pgslave1", { postgres: { lagBytes: 18_432, lagSeconds: 0.1 } }),
      pgslave2: node("pgslave2"),
      pgpool: wholePool,
      backup: backup(),
    }, { events: [first] }),
  cascade: () =>
    seen({
      pgmaster: leader(),
      pgslave1: node("pgslave1"),
      pgslave2: node("pgslave2", { postgres: { upstream: { host: "pgslave1", port: 5432, streaming: true } } }),
      pgpool: wholePool,
      backup: backup(),
    }),
  fresh: () =>
    seen({
      pgmaster: leader({
        phase: "starting",
        doing: "making a new cluster",
        everHadMajority: false,
        postgres: { role: "none", data: "empty", timeline: null, running: false, upstream: null },
        lease: { mode: "bootstrap", because: "no majority has joined yet", held: false, term: 0, grantedTo: null },
      }),
      pgslave1: node("pgslave1", {
        phase: "waiting",
        doing: "waiting for pgmaster",
        everHadMajority: false,
        postgres: { role: "none", data: "empty", timeline: null, running: false, upstream: null },
        lease: { mode: "bootstrap", because: "no majority has joined yet", term: 0, grantedTo: null },
      }),
    }, { silent: [silent("pgslave2", "the name pgslave2 does not resolve: no container of that name runs")] }),
  standbyGone: () =>
    seen({
      pgmaster: leader(),
      pgslave1: node("pgslave1"),
      pgpool: pool("pgmaster", { ...up, pgslave2: "down" }),
      backup: backup(),
    }, {
      silent: [silent("pgslave2")],
      silentMs: { pgslave2: 12_400 },
    }),
  primaryKilled: () =>
    seen({
      pgslave1: node("pgslave1", { postgres: { upstream: { host: "pgmaster", port: 5432, streaming: false } } }),
      pgslave2: node("pgslave2", { postgres: { upstream: { host: "pgmaster", port: 5432, streaming: false } } }),
      pgpool: pool(null, { ...up, pgmaster: "down" }),
      backup: backup({ receiving: false, because: "pgmaster does not answer", primary: null }),
    }, {
      silent: [silent("pgmaster")],
      silentMs: { pgmaster: 2_300 },
      lost: { host: "pgmaster", ms: 2_900 },
      events: [first],
    }),
  promoting: () =>
    seen({
      pgslave1: node("pgslave1", {
        phase: "promoting",
        doing: "promoting this standby",
        becomingPrimary: true,
        postgres: { upstream: null },
        lease: { held: true, remainingMs: 4_900, term: 13, grantedTo: "pgslave1" },
      }),
      pgslave2: node("pgslave2", {
        postgres: { upstream: { host: "pgmaster", port: 5432, streaming: false } },
        lease: { grantedTo: "pgslave1" },
      }),
      pgpool: pool(null, { ...up, pgmaster: "down" }),
      backup: backup({ receiving: false, because: "pgmaster does not answer", primary: null }),
    }, {
      silent: [silent("pgmaster")],
      silentMs: { pgmaster: 5_300 },
      lost: { host: "pgmaster", ms: 5_900 },
      events: [first],
    }),
  failedOver: () =>
    seen({
      pgslave1: node("pgslave1", {
        postgres: leads2,
        lease: { grantedTo: "pgslave1", held: true, remainingMs: 4_400, term: 13 },
      }),
      pgslave2: node("pgslave2", { postgres: follows, lease: { grantedTo: "pgslave1" } }),
      pgpool: pool("pgslave1", { ...up, pgmaster: "down" }),
      backup: backup({ primary: "pgslave1" }),
    }, { silent: [silent("pgmaster")], silentMs: { pgmaster: 14_600 }, events: [first, promoted] }),
} satisfies Record<string, () => MapView>;
