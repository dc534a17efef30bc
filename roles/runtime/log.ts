// Structured log lines: one JSON object a line, an event (a constant sentence) and its fields.
// Secrets handed to createLog() never leave it, whatever field or error text they hide in.
import { errorText, OperatorError } from "./errors.ts";

export const logLevels = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"] as const;
export type LogLevel = typeof logLevels[number];

export type LogFields = Record<string, unknown>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with fields that every line carries. */
  with(fields: LogFields): Log;
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
  const least = logLevels.indexOf(options.level);
  const redact = redactor(options.secrets ?? []);
  const emit = (level: LogLevel, event: string, fields: LogFields = {}) => {
    if (logLevels.indexOf(level) < least) return;
    const time = new Date(options.wallMs()).toISOString();
    const line = JSON.stringify({ time, level: level.toLowerCase(), event, ...options.fields, ...readable(fields) });
    options.write(redact(line) + "\n");
  };
  return {
    debug: (event, fields) => emit("DEBUG", event, fields),
    info: (event, fields) => emit("INFO", event, fields),
    warn: (event, fields) => emit("WARNING", event, fields),
    error: (event, fields) => emit("ERROR", event, fields),
    with: (fields) => createLog({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

/** Replaces every secret in a text by ***; secrets under four characters are left, since they would blank ordinary words. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.filter((s) => s.length >= 4).flatMap((s) => [s, JSON.stringify(s).slice(1, -1)]);
  const unique = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => unique.reduce((t, secret) => t.replaceAll(secret, "***"), text);
}

function readable(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? describe(value) : value]);
  return Object.fromEntries(entries);
}

function describe(error: Error): unknown {
  if (error instanceof OperatorError) return { what: error.what, why: error.why, fix: error.fix };
  const cause = error.cause === undefined ? {} : { cause: errorText(error.cause) };
  return { name: error.name, message: error.message, ...cause };
}
