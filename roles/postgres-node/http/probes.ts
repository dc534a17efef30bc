// What a node answers to probes and load balancers, from what its agent last observed.
import type { Voter } from "../../../core/lease/voter.ts";
import type { RoleHttp } from "../../../core/http/app.ts";
import type { Sample } from "../../../core/words/sample.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { withDeadline } from "../../../core/runtime/time.ts";
import { positionCertain } from "../decide/certain.ts";
import { licenseOf, type Node, statusOf } from "../node.ts";
import { observeServer } from "../observe/server.ts";

/** An observation older than this says nothing about now, milliseconds. */
const staleMs = 5_000;
/** A look that is asked for as fresh takes no longer than this, milliseconds. */
const freshMs = 400;

export function nodeHttp(node: Node, voter: Pick<Voter, "requests">): RoleHttp {
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
      const { data, ranSince, postmasterRuns } = node.seen.now;
      const server = postmasterRuns
        ? await withDeadline(observeServer(node), freshMs, "The local server").catch(() => null)
        : null;
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
      const now = status();
      return Promise.resolve(
        now.phase === "failed" ? no(now.because) : yes(`${now.phase}: ${now.doing} (${now.because})`),
      );
    },
    readyz: () => Promise.resolve(node.activity.phase === "running" ? serving("any") : no(status().doing)),
    primary: () => Promise.resolve(serving("primary")),
    replica: (maxLagBytes) => {
      const verdict = serving("standby");
      const lag = status().postgres.lagBytes;
      if (!verdict.ok || maxLagBytes === null) return Promise.resolve(verdict);
      if (lag === null) return Promise.resolve(no("the lag could not be seen"));
      return Promise.resolve(lag <= maxLagBytes ? yes(`${lag} bytes behind`) : no(`${lag} bytes behind`));
    },
    readOnly: () => Promise.resolve(serving("any")),
    samples: () => samples(node, voter),
  };
}

function samples(node: Node, voter: Pick<Voter, "requests">): Sample[] {
  const status = statusOf(node);
  const { postgres } = status;
  const labels = { node: node.config.name };
  const list: Sample[] = [
    { name: "pg_up", help: "1 while the server answers the agent", labels, value: postgres.running ? 1 : 0 },
    { name: "postdock_is_primary", help: "1 on the primary", labels, value: postgres.role === "primary" ? 1 : 0 },
    { name: "postdock_repmgrd_up", help: "1 while repmgrd runs", labels, value: status.repmgrd.running ? 1 : 0 },
  ];
  const add = (name: string, help: string, value: number | null) => {
    if (value !== null) list.push({ name, help, labels, value });
  };
  list.push(
    {
      name: "postdock_lease_held",
      help: "1 while this node holds the lease",
      labels,
      value: status.lease.held ? 1 : 0,
    },
    {
      name: "postdock_lease_remaining_seconds",
      help: "For how long yet",
      labels,
      value: status.lease.remainingMs / 1000,
    },
    { name: "postdock_lease_term", help: "Newest term this node knows of", labels, value: status.lease.term },
    {
      name: "postdock_lease_requests_total",
      help: "Requests of the lease that this voter has answered",
      labels,
      value: voter.requests,
    },
    {
      name: "postdock_lease_in_force",
      help: "1 where only the holder is read-write",
      labels,
      value: status.lease.mode === "on" ? 1 : 0,
    },
    {
      name: "postdock_consistency_degraded",
      help: "1 while the consistency mode cannot keep its promise",
      labels,
      value: status.consistency.degraded === null ? 0 : 1,
    },
    {
      name: "postdock_fenced",
      help: "1 while PostgreSQL is stopped here because the lease ran out",
      labels,
      value: status.fenced === null ? 0 : 1,
    },
  );
  add("postdock_disk_free_bytes", "Free on the volume of the data directory", status.disk?.freeBytes ?? null);
  add("postdock_timeline", "Timeline of the server", postgres.timeline);
  add("pg_replication_lag_seconds", "Age of the last replayed commit, 0 when caught up", postgres.lagSeconds);
  add("postdock_replication_lag_bytes", "Bytes of WAL received or announced and not replayed", postgres.lagBytes);
  if (postgres.running) add("postdock_standbys", "Standbys streaming from this node", postgres.downstream.length);
  return list;
}
