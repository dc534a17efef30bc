// PURE: how long ago something was, across a restart of the agent. Its clocks count from its start, so moments are written down.

/** A moment that another run of the agent, or another machine, can read. */
export interface Moment {
  /** the wall clock, milliseconds; it can be set back */
  wallMs: number;
  /** this start of the machine, and how long it has run, milliseconds; null: it does not say */
  boot: string | null;
  uptimeMs: number | null;
}

/** How old the data of a node are: what cutOff() (lag.ts) needs to know. */
export interface DataAge {
  /** when it last streamed */
  streamed: Moment;
  /** how far the primary was, and when that was learnt */
  end: { timeline: number; lsn: string; at: Moment } | null;
}

/** The moment `agoMs` before `now`. */
export function before(now: Moment, agoMs: number): Moment {
  return { ...now, wallMs: now.wallMs - agoMs, uptimeMs: now.uptimeMs === null ? null : now.uptimeMs - agoMs };
}

/** How long `moment` is past, milliseconds. Infinity if nobody knows: the machine was started again, and its clock went back. */
export function agoMs(moment: Moment, now: Moment): number {
  if (moment.boot !== null && moment.boot === now.boot && moment.uptimeMs !== null && now.uptimeMs !== null) {
    const ran = now.uptimeMs - moment.uptimeMs;
    if (ran >= 0) return ran;
  }
  const wall = now.wallMs - moment.wallMs;
  return wall >= 0 ? wall : Infinity;
}
