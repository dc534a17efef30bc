// PURE: the register of events: everything that PostDock logs, counts in postdock_events_total, keeps in the history, and sends
// to ON_EVENT. docs/events.md is made from it.
import { backupEvents } from "./backup.ts";
import { containerEvents } from "./container.ts";
import { dataEvents } from "./data.ts";
import type { EventEntry, EventLevel, Words } from "./event.ts";
import { leadingEvents } from "./leading.ts";
import { leaseEvents } from "./lease.ts";
import { poolEvents } from "./pool.ts";
import { serverEvents } from "./server.ts";
import { walEvents } from "./wal.ts";

/** By subject, in the order of the page. */
export const eventSubjects = [
  { title: "Which node leads", events: leadingEvents },
  { title: "The lease", events: leaseEvents },
  { title: "The server", events: serverEvents },
  { title: "The data", events: dataEvents },
  { title: "pgpool", events: poolEvents },
  { title: "Backups", events: backupEvents },
  { title: "WAL in barman", events: walEvents },
  { title: "Every container", events: containerEvents },
] as const;

const register = {
  ...leadingEvents,
  ...leaseEvents,
  ...serverEvents,
  ...dataEvents,
  ...poolEvents,
  ...backupEvents,
  ...walEvents,
  ...containerEvents,
} as const;
type Register = typeof register;

export type EventName = keyof Register;
/** The events that are logged at a level. */
export type EventAt<L extends EventLevel> = {
  [E in EventName]: L extends Register[E]["levels"][number] ? E : never;
}[EventName];
/** The fields that an event may have. */
export type FieldsOf<E extends EventName> = { [F in Words<Register[E]["fields"]>]?: unknown };

/** What the register says of an event. */
export const eventEntry = (name: EventName): EventEntry => register[name];
export const eventNames = Object.keys(register) as EventName[];
