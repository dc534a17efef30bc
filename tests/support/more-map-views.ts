// The rarer states that the page has to show: restore, away, cut off, no majority, blocked, hostile.
import type { MapView } from "../../cli/map/view.ts";
import { backup, event, leader, node, pool, seen, silent } from "./map-view.ts";

const up = { pgmaster: "up", pgslave1: "up", pgslave2: "up" } as const;
const broken = { upstream: { host: "pgmaster", port: 5432, streaming: false } } as const;

/** A name that no host has, and that a page must not take for its own. */
export const hostile = `<img src=x onerror=alert(1)>"'&</script><script>alert(2)</script>`;

export const moreViews = {
  restoring: () => {
    const restore = {
      id: "r1",
      backup: "20261128T100030",
      target: "2026-11-28 11:30:00 UTC",
      step: "copying" as const,
      doneBytes: 6e8,
      totalBytes: 1.3e9,
      replayLsn: null,
      trouble: null,
    };
    const paused = { on: true, count: 3, atMs: 0, restoring: "pgmaster" };
    const waits = { phase: "waiting", doing: "waiting for the restore of pgmaster", paused } as const;
    return seen({
      pgmaster: node("pgmaster", {
        phase: "recovering",
        doing: "restoring from a backup: copying, 600 MB of 1.3 GB",
        restore,
        paused,
        postgres: { role: "none", upstream: null, running: false },
        lease: { grantedTo: null },
      }),
      pgslave1: node("pgslave1", { ...waits, postgres: { role: "none", upstream: null }, lease: { grantedTo: null } }),
      pgslave2: node("pgslave2", { ...waits, postgres: { role: "none", upstream: null }, lease: { grantedTo: null } }),
      pgpool: pool(null, { pgmaster: "down", pgslave1: "down", pgslave2: "down" }),
      backup: backup({ receiving: false, because: "no node leads", primary: null }),
    }, { events: [event(40_000, "pgmaster", "Restore begun", { because: "an operator asked for it" })] });
  },
  backupAway: () =>
    seen({ pgmaster: leader(), pgslave1: node("pgslave1"), pgslave2: node("pgslave2"), pgpool: pool("pgmaster", up) }, {
      silent: [silent("backup")],
      silentMs: { backup: 33_000 },
    }),
  cutOff: () =>
    seen({
      pgmaster: node("pgmaster", {
        phase: "waiting",
        doing: "waiting for a majority",
        fenced: "the lease ran out: 1 of 3 voters answered",
        postgres: { role: "none", upstream: null, running: false },
        lease: { held: false, remainingMs: 0, grantedTo: "pgmaster" },
      }),
    }, {
      silent: [silent("pgslave1", "no answer within 1 s"), silent("pgslave2", "no answer within 1 s")],
      silentMs: { pgslave1: 71_000, pgslave2: 71_000 },
      lost: { host: "pgmaster", ms: 66_000 },
    }),
  noMajority: () =>
    seen({
      pgslave2: node("pgslave2", { postgres: broken, lease: { grantedTo: null } }),
      pgpool: pool(null, { ...up, pgmaster: "down" }),
    }, {
      silent: [silent("pgmaster"), silent("pgslave1")],
      silentMs: { pgmaster: 200_000, pgslave1: 200_000 },
      own: "pgpool",
    }),
  blocked: () =>
    seen({
      pgmaster: leader({
        consistency: { mode: "strict", degraded: "commits are blocked: 0 of 1 required standbys are streaming" },
      }),
      pgslave1: node("pgslave1", {
        postgres: broken,
        trouble: {
          because: 'FATAL:  password authentication failed for user "replica"',
          fix: "set the same REPLICATION_PASSWORD on all nodes",
        },
      }),
      pgpool: pool("pgmaster", up),
    }, { silent: [silent("pgslave2")], silentMs: { pgslave2: 5_000 } }),
  handedOver: () =>
    seen({
      pgmaster: node("pgmaster", {
        postgres: { upstream: { host: "pgslave1", port: 5432, streaming: true }, timeline: 8 },
        lease: { grantedTo: "pgslave1" },
      }),
      pgslave1: node("pgslave1", {
        postgres: { role: "primary", upstream: null, timeline: 8 },
        lease: { held: true, remainingMs: 4_000, grantedTo: "pgslave1" },
      }),
      pgslave2: node("pgslave2", {
        postgres: { upstream: { host: "pgslave1", port: 5432, streaming: true }, timeline: 8 },
        lease: { grantedTo: "pgslave1" },
      }),
      pgpool: pool("pgslave1", up),
      backup: backup({ primary: "pgslave1" }),
    }, {
      events: [
        event(90_000_000, "pgmaster", "Promoted"),
        event(20_300, "pgslave1", "Promoted", { because: "pgmaster hands over to this node", tookMs: 310 }),
        event(20_000, "pgmaster", "Handed over", {
          because: "an operator asked for it",
          tookMs: 840,
          rest: [{ name: "to", value: "pgslave1" }],
        }),
      ],
    }),
  nothingAnswers: () => seen({ pgpool: pool(null, { pgmaster: "down" }) }, { silent: [silent("pgmaster")] }),
  hostile: () =>
    seen({
      [hostile]: leader({
        doing: hostile,
        node: { id: 1, name: hostile, host: hostile },
        trouble: { because: hostile, fix: hostile },
      }),
      pgslave1: node("pgslave1", { phase: "failed", doing: hostile, because: hostile, postgres: { upstream: null } }),
      [`pool${hostile}`]: pool(hostile, { [hostile]: "up" }),
      [`barman${hostile}`]: backup({ because: hostile, receiving: false, primary: hostile }),
    }, {
      silent: [silent(`gone${hostile}`, hostile)],
      events: [event(1_000, hostile, hostile, { because: hostile, rest: [{ name: hostile, value: hostile }] })],
    }),
} satisfies Record<string, () => MapView>;
