/** @jsxImportSource hono/jsx */
// PURE: the lease and its voters, the pools, what happened lately.
import { secondsText } from "../../../core/words/amounts.ts";
import { type HistoryEvent, type MapView, nameOf, pools } from "../view.ts";
import { listText, spanText } from "../words.ts";
import { Fact, Panel } from "./shared.tsx";

/** The share of a lease that is left, in percent. */
const percent = (leftMs: number, ttlMs: number) => Math.max(0, Math.min(100, Math.round(100 * leftMs / ttlMs)));

export const LeasePart = ({ view: { cluster } }: { view: MapView }) => {
  const source = cluster.primary ?? cluster.nodes.find((n) => n.status.lease.voters.length > 0) ?? cluster.nodes[0];
  if (!source) {
    return (
      <Panel id="lease" title="Who may write">
        <p>Not known: no database node answers.</p>
      </Panel>
    );
  }
  const { host, status: { lease, postgres, consistency, paused } } = source;
  const leads = cluster.primary !== null && lease.held;
  const ttlMs = 1_000 * (parseFloat(source.status.variables.LEASE_TTL ?? "") || 5);
  return (
    <Panel id="lease" title="Who may write">
      <dl>
        {lease.mode === "on"
          ? (
            <>
              <Fact name="Lease">
                {leads ? `held by ${host}` : "no holder in sight"}
                {leads
                  ? (
                    <>
                      , {secondsText(lease.remainingMs)} left
                      <svg class="bar" aria-hidden="true" focusable="false">
                        <rect class="all" width="100%" height="100%" rx="3" />
                        <rect class="part" width={`${percent(lease.remainingMs, ttlMs)}%`} height="100%" rx="3" />
                      </svg>
                    </>
                  )
                  : ""}
              </Fact>
              <Fact name="Epoch">
                {cluster.primary ? String(postgres.timeline ?? "not known") : "none now"}, term {lease.term}
              </Fact>
              <Fact name="Voters">
                <Voters cluster={cluster} />
              </Fact>
            </>
          )
          : <Fact name="Lease">{lease.mode === "off" ? "off" : "not yet in force"}: {lease.because}</Fact>}
        <Fact name="Commits">{commitsText(consistency)}</Fact>
        <Fact name="Failover">
          {paused.on
            ? paused.restoring === undefined ? "paused by an operator" : `paused while ${paused.restoring} is restored`
            : "automatic"}
        </Fact>
      </dl>
    </Panel>
  );
};

function commitsText({ mode, degraded }: { mode: string; degraded: string | null }): string {
  const promises: Readonly<Record<string, string>> = {
    eventual: "do not wait for standbys",
    "partially-strict": "wait for a standby while one is there",
    strict: "wait until a majority has them",
  };
  return `${promises[mode] ?? mode} (${mode})${degraded === null ? "" : `; now: ${degraded}`}`;
}

const Voters = ({ cluster }: { cluster: MapView["cluster"] }) => {
  const { primary, nodes, members } = cluster;
  const voters = [...new Set((primary ? [primary] : nodes).flatMap((n) => n.status.lease.voters))].toSorted();
  return (
    <ul class="voters">
      {voters.map((voter) => {
        const silent = members.some((m) => m.host === voter && "error" in m);
        const refusal = primary?.status.lease.refusals.find((r) => r.startsWith(`${voter}: `));
        const to = nodes.find((n) => n.host === voter)?.status.lease.grantedTo;
        const says = silent
          ? "does not answer"
          : refusal !== undefined
          ? refusal.slice(voter.length + 2)
          : primary
          ? to === undefined || to === primary.status.node.host
            ? "grants it"
            : `has granted it to ${to ?? "nobody since its start"}`
          : to
          ? `has granted it to ${to}`
          : "is free to vote";
        return (
          <li class={primary && says === "grants it" ? "yes" : "no"}>
            {voter} <span class="soft">{says}</span>
          </li>
        );
      })}
    </ul>
  );
};

export const PoolPart = ({ view: { cluster } }: { view: MapView }) => (
  <Panel id="pool" title="Where clients go">
    {pools(cluster).length === 0
      ? <p class="soft">No pgpool is known here. Open this page in its container, or name it in QUORUM_OBSERVERS.</p>
      : pools(cluster).map(({ host, status: { primary, backends, sessions, noLogin, doing } }) => {
        const up = backends.filter((b) => b.status === "up");
        const reads = up.filter((b) => b.role === "standby").map((b) => b.host);
        const down = backends.filter((b) => b.status !== "up");
        return (
          <dl>
            <Fact name="Pool">{nameOf(host, "pgpool")}: {doing}</Fact>
            <Fact name="Writes">{primary === null ? "go to no node" : `go to ${primary}`}</Fact>
            <Fact name="Reads">
              {reads.length === 0
                ? `go to ${primary ?? "no node"}`
                : `are balanced over ${listText(up.map((b) => b.host))}`}
            </Fact>
            {down.length === 0
              ? ""
              : <Fact name="Detached">{listText(down.map((b) => `${b.host} (${b.truth})`))}</Fact>}
            {sessions === null ? "" : <Fact name="Sessions">{sessions.busy} of {sessions.total} in use</Fact>}
            {noLogin === null ? "" : <Fact name="Logins">{noLogin}</Fact>}
          </dl>
        );
      })}
  </Panel>
);

/** So many events are shown, the newest first. */
const mostEvents = 25;

export const EventsPart = ({ view: { events, unread = [], wallMs } }: { view: MapView }) => (
  <Panel id="events" title="What happened" wide>
    {unread.length === 0 ? "" : <p class="soft">What {listText(unread)} noted could not be read.</p>}
    {events.length === 0
      ? <p class="soft">The containers that answer have noted nothing.</p>
      : (
        <ol class="events" reversed>
          {events.slice(-mostEvents).toReversed().map((event) => (
            <li>
              <span class="when">
                <time datetime={event.time}>{event.time.slice(0, 19).replace("T", " ")}</time>{" "}
                <span class="soft">{spanText(wallMs - Date.parse(event.time))} ago</span>
              </span>
              <span class="host">{event.node}</span>
              <span>
                <strong>{event.event}</strong>
                {event.because === undefined ? "" : `: ${event.because}`}
                <span class="soft">{factsOf(event)}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
  </Panel>
);

function factsOf({ rest, tookMs }: HistoryEvent): string {
  const took = tookMs === undefined ? [] : [`took ${secondsText(tookMs)}`];
  const facts = [...rest.map(({ name, value }) => `${name} ${value}`), ...took];
  return facts.length === 0 ? "" : ` (${facts.join(", ")})`;
}
