// PURE: the moment that an operator wants to go back to, from the text that is typed.
import { microsOf, timeText } from "../../../core/words/micros.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";

/** The moment to which a restore goes. */
export type Target =
  /** all that was received, the unfinished last segment included */
  | { kind: "latest" }
  /** the end of the backup itself */
  | { kind: "immediate" }
  /** microseconds since 1970 */
  | { kind: "time"; atMicros: bigint }
  /** before the record that begins there, or the next one */
  | { kind: "lsn"; lsn: string }
  | { kind: "xid"; xid: number }
  /** a restore point of pg_create_restore_point() */
  | { kind: "name"; name: string };

/** What --to accepts, for messages and help. */
export const targetForms = "latest, immediate, a time with its zone such as '2026-11-22 10:15:00+00', an LSN such as " +
  "0/3000148, xid:NUMBER, or name:RESTORE-POINT";

/** Reads a target. Throws OperatorError if it is none; a time without a zone is refused. */
export function parseTarget(text: string): Target {
  const said = text.trim();
  if (said === "latest" || said === "immediate") return { kind: said };
  if (/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(said)) return { kind: "lsn", lsn: said.toUpperCase() };
  const [, kind, value = ""] = /^(xid|name):(.+)$/.exec(said) ?? [];
  if (kind === "xid" && /^\d{1,10}$/.test(value)) return { kind, xid: Number(value) };
  if (kind === "name" && value.length <= 63) return { kind, name: value };
  return parseTime(said);
}

const timeForm = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6}))?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;

function parseTime(text: string): Target {
  const match = timeForm.exec(text);
  if (match === null) throw wrong(text, "");
  const [, day = "", minute = "", second = ":00", fraction = "", zone] = match;
  if (zone === undefined) throw wrong(text, `it has no time zone; ${text}+00 would be UTC`);
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}` : "Z";
  const atMicros = microsOf(`${day}T${minute}${second}${offset}`, fraction);
  // a day that the calendar does not have, such as 30 February, is moved by some parsers to the next month
  const isDay = new Date(Date.parse(`${day}T00:00:00Z`) || 0).toISOString().startsWith(day);
  if (atMicros === null || !isDay) throw wrong(text, "there is no such time");
  return { kind: "time", atMicros };
}

function wrong(text: string, why: string): OperatorError {
  return new OperatorError({
    what: `${JSON.stringify(text)} is not a moment to restore`,
    ...(why === "" ? {} : { why }),
    fix: `give --to ${targetForms}`,
    exitCode: ExitCode.usage,
  });
}

/** The target in words. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case "time":
      return timeText(target.atMicros);
    case "lsn":
      return `LSN ${target.lsn}`;
    case "xid":
      return `transaction ${target.xid}`;
    case "name":
      return `restore point ${target.name}`;
    case "immediate":
      return "the end of the backup";
    case "latest":
      return "the last byte that was received";
  }
}
