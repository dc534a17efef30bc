// Structured log lines: one event per line (a constant sentence) and its fields.
// Secrets that are handed to createLog() never appear in a line, whatever field or error text they are part of.
import { errorText, OperatorError } from "../words/errors.ts";
import type { EventAt, EventName, FieldsOf } from "../words/events/all.ts";
import type { EventLevel } from "../words/events/event.ts";
import type { LogFormat } from "../../config/shared.ts";
import { type LineHead, renderLine } from "./log-line.ts";
import { type LogLevel, logLevels } from "../words/log-level.ts";
import { redactor } from "./redact.ts";

export type LogFields = Record<string, unknown>;

/** Logs one event of the register (core/words/events/all.ts), at a level and with fields that it has there. */
type Say<L extends EventLevel> = <E extends EventAt<L>>(event: E, fields?: FieldsOf<E>) => void;

export interface Log {
  debug: Say<"debug">;
  info: Say<"info">;
  warn: Say<"warning">;
  error: Say<"error">;
  /** The same log, with these fields in every line. */
  with(fields: LogFields): Log;
  /** Hides these values as well from now on, in place of those of the last call. */
  hide?(secrets: readonly string[]): void;
  /** How often each event has been logged since the start, by this log and those made of it; also below its level. */
  counts(): readonly EventCount[];
  /** Resolves once no event waits to be sent (ON_EVENT), which may be never. */
  idle(): Promise<void>;
}

export interface EventCount {
  event: EventName;
  level: LogLevel;
  /** of an event about a child process, its name; otherwise "" */
  process: string;
  /** the field `cause`, if it is a word of the code and no sentence; otherwise "" */
  cause: string;
  count: number;
}

/** An event as it was logged, at whatever level. */
export interface Heard extends LineHead {
  event: EventName;
  /** its fields without secrets */
  fields: () => LogFields;
}

/** What hears every event, also below the level. */
export interface Listener {
  /** returns at once */
  hear(heard: Heard): void;
  /** resolves once nothing that was heard waits any more */
  idle(): Promise<void>;
}

export interface LogOptions {
  level: LogLevel;
  /** json if absent */
  format?: LogFormat;
  /** values that must never appear in a line; each is replaced by *** */
  secrets?: readonly string[];
  write: (line: string) => void;
  wallMs: () => number;
  listener?: Listener;
  fields?: LogFields;
}

/** Makes a log; lines below `level` are dropped. */
export function createLog(options: LogOptions): Log {
  const secrets = options.secrets ?? [];
  return logWith(options, { counts: new Map(), redact: redactor(secrets) });
}

/** What a child prints is no event of ours, and debug events are looks, not happenings. */
const isCounted = (event: string, level: LogLevel) => event !== "Output" && level !== "DEBUG";

const causeWord = /^[a-z][a-z-]{1,30}$/;

/** What a log and those made of it share. */
interface Shared {
  counts: Map<string, EventCount>;
  redact: (text: string) => string;
}

function logWith(options: LogOptions, shared: Shared): Log {
  const { counts } = shared;
  const redact = (text: string) => shared.redact(text);
  const least = logLevels.indexOf(options.level);
  const emit = (level: LogLevel, event: EventName, fields: LogFields = {}) => {
    if (isCounted(event, level)) {
      const process = typeof fields.process === "string" ? fields.process : "";
      const cause = typeof fields.cause === "string" && causeWord.test(fields.cause) ? fields.cause : "";
      const key = JSON.stringify([event, level, process, cause]);
      counts.set(key, { event, level, process, cause, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    const head = { time: new Date(options.wallMs()).toISOString(), level: level.toLowerCase(), event };
    const all = () => plain({ ...options.fields, ...fields }, redact, []) as LogFields;
    if (logLevels.indexOf(level) >= least) options.write(renderLine(options.format ?? "json", head, all()));
    options.listener?.hear({ ...head, fields: all });
  };
  return {
    debug: (event, fields) => emit("DEBUG", event, fields),
    info: (event, fields) => emit("INFO", event, fields),
    warn: (event, fields) => emit("WARNING", event, fields),
    error: (event, fields) => emit("ERROR", event, fields),
    with: (fields) => logWith({ ...options, fields: { ...options.fields, ...fields } }, shared),
    hide: (secrets) => void (shared.redact = redactor([...options.secrets ?? [], ...secrets])),
    counts: () => [...counts.values()],
    idle: () => options.listener?.idle() ?? Promise.resolve(),
  };
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
  const { code } = error as { code?: unknown };
  return {
    // the build renames classes, so that the name of one of its own says nothing
    ...(error.name.endsWith("Error") ? { name: error.name } : {}),
    ...(typeof code === "string" ? { code } : {}),
    message: error.message,
    ...cause,
  };
}
