// What a node answers to probes and load balancers, from what its agent last observed.
import type { Metrics } from "../../../core/http/metrics.ts";
import type { RoleHttp } from "../../../core/http/app.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { withDeadline } from "../../../core/runtime/time.ts";
import { whyNotReady } from "../decide/lag.ts";
import { positionCertain } from "../decide/certain.ts";
import { licenseOf, type Node, statusOf } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import { unhealthyNow } from "../observe/trouble.ts";

/** An observation older than this is not used for an answer, milliseconds. */
const staleMs = 5_000;
/** Longest time of the look for ?fresh=1, milliseconds. */
const freshMs = 400;

export function nodeHttp(node: Node, metrics: Pick<Metrics, "text">): RoleHttp {
  const status = () => statusOf(node);
  const serving = (wanted: "primary" | "standby" | "any"): Verdict => {
    const role = node.seen.role();
    const now = status();
    if (role === "none" || role === "unknown") return no(`${now.phase}: ${now.doing} (${now.because})`);
    if (now.observedAgoMs > staleMs) return no(`the server last answered ${now.observedAgoMs} ms ago`);
    if (wanted !== "any" && role !== wanted) return no(`this node is a ${role}`);
    if (role === "primary" && licenseOf(node) === "missing") return no("this node does not hold the lease");
    return yes(`${role} on timeline ${now.postgres.timeline}`);
  };
  return {
    status,
    look: async () => {
      const server = node.seen.now.postmasterRuns
        ? await withDeadline(observeServer(node), freshMs, "The local server").catch(() => null)
        : null;
      // read after the look: the server may have ended meanwhile
      const { data, ranSince, postmasterRuns } = node.seen.now;
      return positionCertain({
        endRead: data?.kind === "cluster" && data.endRead,
        ranSince,
        beingReplaced: node.activity.phase === "cloning" || node.activity.phase === "rewinding",
        postmasterRuns,
        server: server && { standby: server.standby, streaming: server.upstream?.streaming === true },
      });
    },
    changed: (revision, ms) => node.activity.untilChanged(revision, ms),
    healthz: () => {
      const { because, doing, phase } = status();
      const unhealthy = unhealthyNow(node);
      if (unhealthy?.restartHelps) return Promise.resolve(no(unhealthy.because));
      const more = unhealthy && `; ${unhealthy.because}; a restart of this container does not help`;
      return Promise.resolve(yes(`${phase}: ${doing} (${because})${more ?? ""}`));
    },
    readyz: () => {
      if (node.activity.phase !== "running") return Promise.resolve(no(status().doing));
      const stale = whyStale(node);
      return Promise.resolve(stale === null ? serving("any") : no(stale));
    },
    primary: () => Promise.resolve(serving("primary")),
    replica: (maxLagBytes) => {
      const verdict = serving("standby");
      const lag = status().postgres.lagBytes;
      if (!verdict.ok || maxLagBytes === null) return Promise.resolve(verdict);
      if (lag === null) return Promise.resolve(no("the lag is not known"));
      return Promise.resolve(lag <= maxLagBytes ? yes(`${lag} bytes behind`) : no(`${lag} bytes behind`));
    },
    readOnly: () => Promise.resolve(serving("any")),
    history: () => node.history.all(),
    addresses: () => node.doors.others.addresses(),
    metrics: () => metrics.text(),
  };
}

/** Why what this standby shows may be of any age; null on a primary, and while it is not. */
function whyStale(node: Node): string | null {
  const { clock, seen } = node;
  const { server, primaryEnd, streamedMs } = seen.now;
  if (server === null || !server.standby) return null;
  return whyNotReady({
    replayPaused: server.replayPaused,
    streaming: server.upstream?.streaming === true,
    primaryInSight: primaryEnd !== null && clock.nowMs() - primaryEnd.atMs <= staleMs,
    notStreamingMs: clock.nowMs() - (streamedMs ?? clock.nowMs()),
    trouble: statusOf(node).trouble,
  });
}
