// Structured log lines: one JSON object per line, with an event (a constant sentence) and its fields.
// Secrets that are handed to createLog() never appear in a line, whatever field or error text they are part of.
import { errorText, OperatorError } from "../words/errors.ts";
import { type LogLevel, logLevels } from "../words/log-level.ts";

export type LogFields = Record<string, unknown>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log, with these fields in every line. */
  with(fields: LogFields): Log;
  /** How often each event has been logged since the start, by this log and those made of it; also below its level. */
  counts(): readonly EventCount[];
}

export interface EventCount {
  event: string;
  level: LogLevel;
  /** of an event about a child process, its name; otherwise "" */
  process: string;
  /** the field `cause`, if it is a word of the code and no sentence; otherwise "" */
  cause: string;
  count: number;
}

export interface LogOptions {
  level: LogLevel;
  /** values that must never appear in a line; each is replaced by *** */
  secrets?: readonly string[];
  write: (line: string) => void;
  wallMs: () => number;
  fields?: LogFields;
}

/** Makes a log; lines below `level` are dropped. */
export function createLog(options: LogOptions): Log {
  return logWith(options, new Map());
}

/** What a child prints is no event of ours, and debug events are looks, not happenings. */
const isCounted = (event: string, level: LogLevel) => event !== "Output" && level !== "DEBUG";

const causeWord = /^[a-z][a-z-]{1,30}$/;

function logWith(options: LogOptions, counts: Map<string, EventCount>): Log {
  const least = logLevels.indexOf(options.level);
  const redact = redactor(options.secrets ?? []);
  const emit = (level: LogLevel, event: string, fields: LogFields = {}) => {
    if (isCounted(event, level)) {
      const process = typeof fields.process === "string" ? fields.process : "";
      const cause = typeof fields.cause === "string" && causeWord.test(fields.cause) ? fields.cause : "";
      const key = JSON.stringify([event, level, process, cause]);
      counts.set(key, { event, level, process, cause, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    if (logLevels.indexOf(level) < least) return;
    const head = { time: new Date(options.wallMs()).toISOString(), level: level.toLowerCase(), event };
    const all = plain({ ...options.fields, ...fields }, redact, []) as LogFields;
    options.write(JSON.stringify({ ...head, ...all, ...head }) + "\n"); // no field takes the place of the head
  };
  return {
    debug: (event, fields) => emit("DEBUG", event, fields),
    info: (event, fields) => emit("INFO", event, fields),
    warn: (event, fields) => emit("WARNING", event, fields),
    error: (event, fields) => emit("ERROR", event, fields),
    with: (fields) => logWith({ ...options, fields: { ...options.fields, ...fields } }, counts),
    counts: () => [...counts.values()],
  };
}

/** Replaces every secret in a text by ***. Secrets under four characters stay, since they would blank ordinary words. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.filter((s) => s.length >= 4).flatMap((s) => [s, JSON.stringify(s).slice(1, -1)]);
  const unique = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => unique.reduce((t, secret) => t.replaceAll(secret, "***"), text);
}

/** A value as JSON can hold it, without secrets; `within` are the objects that contain it. */
function plain(value: unknown, redact: (text: string) => string, within: readonly unknown[]): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "bigint") return redact(String(value));
  if (typeof value === "number") return redact(String(value)) === String(value) ? value : "***";
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (within.includes(value)) return "(circular)";
  const inner = (v: unknown) => plain(v, redact, [...within, value]);
  if (value instanceof Error) return inner(describe(value));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Set) return [...value].map(inner);
  if (Array.isArray(value)) return value.map(inner);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, v]) => [redact(String(key)), inner(v)]));
}

function describe(error: Error): unknown {
  if (error instanceof OperatorError) return { what: error.what, why: error.why, fix: error.fix };
  const cause = error.cause === undefined ? {} : { cause: errorText(error.cause) };
  return { name: error.name, message: error.message, ...cause };
}
