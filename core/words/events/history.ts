// PURE: which events of pgpool and barman are kept for `postdock cluster history`. A node notes its own where they happen.
import type { EventName } from "./all.ts";

/** By the component whose life they tell. */
export const keptEvents: Readonly<Record<"pgpool" | "barman", readonly EventName[]>> = {
  pgpool: [
    "No primary in sight",
    "Primary in sight",
    "pgpool serves the primary",
    "Pool changed",
    "Restarting pgpool with a status file",
    "pgpool has ended",
    "A login through pgpool failed",
  ],
  barman: [
    "No primary in sight",
    "Primary in sight again",
    "Following another primary",
    "Base backup is complete with its WAL",
    "Base backup failed",
    "Base backup did not get its last WAL; another one is taken",
    "Base backup cut off: another node has become primary",
    "A base backup could not be started",
    "Backup is removed",
    "The newest backup can be restored",
    "The newest backup cannot be restored as it should",
    "The newest backup could not be verified",
    "The WAL history has a gap: no restore to a time within it is possible; a base backup follows",
    "Received WAL set aside: it is not in the primary's history",
    "Slot made again",
    "The object store does not get what it lacks; it is tried again",
    "The object store can be used again",
  ],
};

const led: readonly EventName[] = ["Primary in sight", "Primary in sight again", "Following another primary"];

/** Logged anew whenever its reason changes or it is tried again: the history has its beginning, until one of these. */
const untilOneOf: Partial<Record<EventName, readonly EventName[]>> = {
  "No primary in sight": led,
  "A base backup could not be started": ["Base backup is complete with its WAL", "Base backup failed"],
  "The object store does not get what it lacks; it is tried again": ["The object store can be used again"],
};

/** Whether an event is kept; `before`: those that were, oldest first. */
export function isKept(event: EventName, component: keyof typeof keptEvents, before: readonly string[]): boolean {
  if (!keptEvents[component].includes(event)) return false;
  const ends = untilOneOf[event] ?? null;
  return ends === null || before.findLast((e) => e === event || ends.some((end) => end === e)) !== event;
}
