// PURE: why a standby cannot stream or replay, from the lines of its own log.
import { messageOf } from "../../../core/postgres/server-log.ts";

export type StreamingTrouble = "wal-removed" | "diverged" | "slot-missing" | "settings-too-low";

/** What begins a message of the WAL receiver, by which it ends: of clients, only the end of a message can be the words. */
const ofReceiver =
  /^(could not (start WAL streaming|receive data from WAL stream|receive timeline history file from the primary server): |highest timeline )/;

const receiverSays: readonly [StreamingTrouble, RegExp][] = [
  ["slot-missing", /: ERROR: {2}replication slot "[^"]*" does not exist/],
  ["wal-removed", /: ERROR: {2}requested WAL segment \S+ has already been removed/],
  // a standby asks for every history file between the two timelines, and not every node has them all
  ["wal-removed", /^could not receive timeline history file .*could not open file/],
  ["wal-removed", /can no longer (get changes from|access) replication slot|replication slot .* has been invalidated/],
  [
    "diverged",
    /: ERROR: {2}requested (timeline \d+|starting point \S+ on timeline \d+) is not in this server's history/,
  ],
  ["diverged", /^highest timeline \d+ of the primary is behind recovery timeline/],
  ["diverged", /: ERROR: {2}requested starting point \S+ is ahead of the WAL flush position of this server/],
];

const startupSays: readonly [StreamingTrouble, RegExp][] = [
  ["settings-too-low", /^hot standby is not possible because of insufficient parameter settings/],
  ["diverged", /^new timeline \d+ is not a child of database system timeline/],
  ["diverged", /^new timeline \d+ forked off current database system timeline \d+ before current recovery point/],
];

/**
 * What a line says about why this standby cannot stream or replay; null for any other line. A client can have its own words logged,
 * as a statement, or by RAISE LOG. So the WAL receiver counts only by what it ends with, as FATAL, which no client can say in these
 * words; and the startup process only by its pid, where log_line_prefix has one.
 */
export function parseStreamingTrouble(line: string, isStartup: (pid: number) => boolean): StreamingTrouble | null {
  const said = messageOf(line);
  if (said === null) return null;
  const { severity, pid, text } = said;
  const found = (list: typeof receiverSays) => list.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
  if (severity === "FATAL") {
    if (/^requested timeline \d+ is not a child of this server's history/.test(text)) return "diverged";
    return ofReceiver.test(text) ? found(receiverSays) : null;
  }
  const trouble = severity === "LOG" || severity === "WARNING" ? found(startupSays) : null;
  return trouble !== null && (pid === null || isStartup(pid)) ? trouble : null;
}

/** Whether a process that PostgreSQL has given this title is the one that replays WAL; that of a client ends with what it does. */
export const isStartupTitle = (title: string): boolean =>
  /^postgres: ([^[]*: )?startup( (recovering|waiting for) [0-9A-F]{24})?$/.test(title);
