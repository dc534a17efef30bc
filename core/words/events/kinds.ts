// PURE: which events ON_EVENT sends, by their kind.
import type { EventKind } from "../../../config/events.ts";
import type { EventName } from "./all.ts";

const kinds: Readonly<Record<EventKind, readonly EventName[]>> = {
  promotion: ["Promoted", "Not promoted", "The promotion failed"],
  fence: ["Fenced"], // what the fence process does beside it is the same event
  backup: [
    "Base backup is complete with its WAL",
    "Base backup failed",
    "Base backup did not get its last WAL; another one is taken",
    "A base backup could not be started",
    "The WAL history has a gap: no restore to a time within it is possible; a base backup follows",
    "Still no primary in sight: WAL is not received",
    "The object store does not get what it lacks; it is tried again",
    "The object store can be used again",
  ],
  drill: [
    "The newest backup can be restored",
    "The newest backup cannot be restored as it should",
    "The newest backup could not be verified",
  ],
  degraded: [
    "Consistency degraded",
    "Consistency restored",
    "No primary in sight",
    "Primary in sight",
    "Primary in sight again",
    "Following another primary",
    "Failover safety lost",
    "Failover safety restored",
    "Stopped before its standbys had all WAL",
    "The agent cannot see its server",
    "The volume of the data directory is full",
  ],
};

/** No primary is in sight, and one is again. The first is logged anew when its reason changes. */
export const away: EventName = "No primary in sight";
const back: readonly EventName[] = ["Primary in sight", "Primary in sight again", "Following another primary"];

/** A primary is in sight from this event on. */
export const endsAway = (event: EventName): boolean => back.includes(event);

const byEvent = new Map(Object.entries(kinds).flatMap(([kind, names]) => names.map((n) => [n, kind as EventKind])));

/** The kind under which ON_EVENT sends an event; null: it does not. */
export const kindOf = (name: EventName): EventKind | null => byEvent.get(name) ?? null;
