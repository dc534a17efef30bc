// PURE: what a cron expression means. The library only parses and computes; it starts no timer.
import { Cron } from "croner";
import { MalformedValue } from "./env.ts";

const utc = { timezone: "UTC", paused: true } as const;

/** Checks a cron expression of five fields and returns it with single spaces. Throws MalformedValue. */
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
  if (next === null) throw new MalformedValue("never occurs: there is no such date");
  return expression;
}

/** The first time after `afterMs` that matches the expression, in UTC; wall clock, milliseconds. Null if there is none. */
export function nextRunMs(expression: string, afterMs: number): number | null {
  return new Cron(expression, utc).nextRun(new Date(afterMs))?.getTime() ?? null;
}
