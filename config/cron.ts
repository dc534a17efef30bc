// PURE: what a cron expression means. The library parses and computes; no timer of its own is ever started.
import { Cron } from "croner";
import { MalformedValue } from "./env.ts";

const utc = { timezone: "UTC", paused: true } as const;

/** A cron expression of five fields, its spaces made single. Throws MalformedValue that says what is wrong. */
export function cronExpression(text: string): string {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) throw new MalformedValue(`has ${fields.length} fields instead of five`);
  const expression = fields.join(" ");
  let next: Date | null;
  try {
    next = new Cron(expression, utc).nextRun(new Date(0));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MalformedValue(`is not a cron expression (${why.replace(/^CronPattern: /, "")})`);
  }
  if (next === null) throw new MalformedValue("names no day that exists");
  return expression;
}

/** The first time after `afterMs` (wall clock, milliseconds) that the expression names, UTC; null where there is none. */
export function nextRunMs(expression: string, afterMs: number): number | null {
  return new Cron(expression, utc).nextRun(new Date(afterMs))?.getTime() ?? null;
}
