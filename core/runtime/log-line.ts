// One event as a line of the log: JSON for programs, or text for people.
import type { LogFormat } from "../../config/shared.ts";

/** What begins every line; no field of an event takes its place. */
export interface LineHead {
  time: string;
  level: string;
  event: string;
}

/** The line, with its line break. `fields` are without secrets. */
export function renderLine(format: LogFormat, head: LineHead, fields: Readonly<Record<string, unknown>>): string {
  if (format === "json") return JSON.stringify({ ...head, ...fields, ...head }) + "\n";
  const rest = Object.entries(fields).filter(([key]) => !(key in head)).flatMap(([key, value]) => pairs(key, value));
  return [head.time, head.level.toUpperCase().padEnd(7), head.event, ...rest].join(" ") + "\n";
}

/** key=value; what is inside an object becomes key.inner=value. */
function pairs(key: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([inner, v]) => pairs(`${key}.${inner}`, v));
  }
  return [`${word(key)}=${typeof value === "string" ? word(value) : escaped(JSON.stringify(value))}`];
}

/** A text as it is, or as JSON if it would not be one word. */
const word = (text: string) => /^[^\s"=\p{C}]+$/u.test(text) ? text : escaped(JSON.stringify(text));

/** What JSON leaves alone, but would break a line or move a terminal's cursor. */
const escaped = (json: string) =>
  json.replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
