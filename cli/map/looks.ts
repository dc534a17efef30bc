// Looks at the cluster for the page: at most once a second, and only when asked, however many ask.
import type { AnyStatus } from "../../core/protocol/status.ts";
import type { OpenPage } from "../../core/http/page.ts";
import type { Context } from "../../core/runtime/context.ts";
import { type Cluster, gather, openSession, type Session } from "../cluster/gather.ts";
import { pageOf, type Parts, partsOf, policy } from "./page.tsx";
import { type HistoryEntry, readHistories } from "../cluster/histories.ts";
import type { HistoryEvent, MapView } from "./view.ts";

/** A look is shown for this long, milliseconds. */
const freshMs = 1_000;
/** What was noted by looks counts for the next one if it comes within this time, milliseconds. */
const rememberMs = 15_000;
/** How often the histories are read, milliseconds. */
const historyMs = 5_000;
/** How long a container has to answer, milliseconds: the page waits for the slowest. */
const askMs = 1_000;

/** What looks have seen one after the other; times on the monotonic clock. */
interface Memory {
  atMs: number;
  /** by host: since when it has not answered */
  silent: ReadonlyMap<string, number>;
  /** the primary at that look */
  primary: string | null;
  /** the last primary, when it was last seen to lead, and the one before it */
  led: { host: string; atMs: number; after: string | null } | null;
  /** the histories by host, and of whom there is none; when they were read, and by which primary */
  events: ReadonlyMap<string, readonly HistoryEvent[]>;
  unread: readonly string[];
  readMs: number;
}

const nothing: Memory = {
  atMs: -Infinity,
  silent: new Map(),
  primary: null,
  led: null,
  events: new Map(),
  unread: [],
  readMs: -Infinity,
};

/** The page of the container whose variables these are. */
export function pageFor(context: Context): OpenPage {
  return (own) => {
    const looks = new Looks({ ...openSession(context), askMs }, own);
    return { page: () => looks.page(), parts: () => looks.parts(), policy };
  };
}

export class Looks {
  private memory = nothing;
  private looking: Promise<Parts> | null = null;
  private document: { parts: Parts; html: string } | null = null;
  private shown: { parts: Parts; atMs: number } | null = null;

  /** `own`: what this container reports of itself */
  constructor(private readonly session: Session, private readonly own: () => AnyStatus) {}

  /** The parts of the page, at most a second old. */
  parts(): Promise<Parts> {
    const nowMs = this.session.context.clock.nowMs();
    if (this.shown && nowMs - this.shown.atMs < freshMs) return Promise.resolve(this.shown.parts);
    this.looking ??= this.look().finally(() => this.looking = null);
    return this.looking;
  }

  async page(): Promise<string> {
    const parts = await this.parts();
    if (this.document?.parts !== parts) this.document = { parts, html: pageOf(parts) };
    return this.document.html;
  }

  private async look(): Promise<Parts> {
    const { clock } = this.session.context;
    const atMs = clock.nowMs();
    const cluster = await gather(this.session);
    const parts = partsOf(await this.viewOf(cluster, clock.nowMs()));
    this.shown = { parts, atMs };
    return parts;
  }

  private async viewOf(cluster: Cluster, nowMs: number): Promise<MapView> {
    const before = nowMs - this.memory.atMs < rememberMs ? this.memory : nothing;
    const silentHosts = cluster.members.filter((m) => "error" in m).map((m) => m.host);
    const silent = new Map(silentHosts.map((host) => [host, before.silent.get(host) ?? nowMs]));
    const former = before.led?.host === cluster.primary?.host ? before.led?.after : before.led?.host;
    const led = cluster.primary ? { host: cluster.primary.host, atMs: nowMs, after: former ?? null } : before.led;
    const primary = cluster.primary?.host ?? null;
    const due = primary !== before.primary || nowMs - before.readMs >= historyMs;
    const { events, unread } = due ? await this.histories(cluster, before.events) : before;
    this.memory = { atMs: nowMs, silent, primary, led, events, unread, readMs: due ? nowMs : before.readMs };
    return {
      cluster,
      events: [...events.values()].flat().toSorted((a, b) => a.time.localeCompare(b.time)),
      unread,
      silentMs: Object.fromEntries([...silent].map(([host, sinceMs]) => [host, nowMs - sinceMs])),
      former: cluster.primary ? led?.after ?? null : null,
      lost: led && !cluster.primary ? { host: led.host, ms: nowMs - led.atMs } : null,
      own: this.own(),
      wallMs: this.session.context.clock.wallMs(),
    };
  }

  /** A container that does not answer keeps the history that it has told before. */
  private async histories({ members }: Cluster, before: Memory["events"]): Promise<Pick<Memory, "events" | "unread">> {
    const read = await readHistories(members, { peers: this.session.peers, timeoutMs: askMs });
    const told = read.flatMap((h) => "entries" in h ? [h] : []);
    const events = new Map([
      ...before,
      ...told.map((h) => [h.host, h.entries.slice(-mostOfEach).map(toEvent)] as const),
    ]);
    return { events, unread: read.map((h) => h.host).filter((host) => !events.has(host)) };
  }
}

/** So many events of each container are looked at. */
const mostOfEach = 50;

function toEvent({ time, node, event, because, tookMs, ...rest }: HistoryEntry): HistoryEvent {
  const others = Object.entries(rest).filter(([, value]) => value !== null).map(([name, value]) => ({
    name,
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));
  return { time, node, event, because, tookMs, rest: others };
}
