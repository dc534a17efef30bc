// How every role starts: it reads its configuration, or reports all problems at once, and logs without secrets.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type ConfigOf, type ConfigProblem, readConfig, type Variables } from "../../config/env.ts";
import { secretTexts } from "../../config/secret-texts.ts";
import { publishedIn } from "../../config/published.ts";
import type { Context } from "./context.ts";
import { ExitCode, OperatorError } from "../words/errors.ts";
import { refusalOfSystem } from "../words/system-errors.ts";
import type { LogFormat } from "../../config/shared.ts";
import type { LogLevel } from "../words/log-level.ts";
import { createLog, type Listener, type Log } from "./log.ts";
import { type EventConfig, notifier } from "./notifier.ts";
import { type Clock, untilAborted } from "./time.ts";

/** Thrown when the environment is wrong: every problem, one a line. */
export class ConfigError extends OperatorError {
  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map((p) => `${p.message} (${p.fix})`);
    super({
      what: `The configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}`,
      why: lines.join("; "),
      fix:
        "correct the variables named here; `postdock config check` tests them, `postdock config reference` explains them",
      exitCode: problems.find((p) => p.exitCode !== undefined)?.exitCode ?? ExitCode.config,
    });
  }
}

/** Reads a role's variables from the context. Throws ConfigError with all problems. */
export function loadConfig<V extends Variables>(variables: V, context: Context): ConfigOf<V> {
  const result = readConfig(variables, context);
  if (!result.ok) throw new ConfigError(result.problems);
  return result.config;
}

/** The values of all secret variables, which the log hides; of a list of users the passwords. */
export function secretsOf<V extends Variables>(variables: V, config: ConfigOf<V>): string[] {
  const secret = Object.entries(variables).filter(([, v]) => v.secret);
  return secret.flatMap(([key]) => secretTexts(config[key]));
}

/** How a role logs, and where it sends events. */
export interface LogConfig extends EventConfig {
  logLevel: LogLevel;
  logFormat: LogFormat;
}

/**
 * The log of a role's main process, to stdout, without the values of its secret variables; what ON_EVENT asks for is sent. It begins
 * with a warning if a password is in use that everybody knows. `keep` hears every event.
 */
export function roleLog<V extends Variables>(
  context: Context,
  config: LogConfig & ConfigOf<V>,
  variables: V,
  keep: Listener["hear"] = () => {},
): Log {
  let sender: Listener | null = null;
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat,
    listener: {
      hear: (heard) => {
        keep(heard);
        sender?.hear(heard);
      },
      idle: () => sender?.idle() ?? Promise.resolve(),
    },
    secrets: secretsOf(variables, config),
    write: (line) => context.print(line.trimEnd()),
    wallMs: () => context.clock.wallMs(),
  });
  sender = notifier(config, {
    clock: context.clock,
    log,
    container: config.networkName ?? hostname(),
    newId: randomUUID,
  });
  const known = publishedIn(variables, config);
  if (known.length > 0) log.warn("Passwords that everybody knows are in use", { variables: known });
  return log;
}

/** What happened last in a container has so long to be sent, milliseconds: Docker kills 10 s after TERM. */
const lastEventsMs = 500;

/**
 * Runs a role's main work until it ends or a signal asks it to stop; returns the exit code of the container.
 * The signal's name is the reason of `stop`.
 * An OperatorError, or what the system refuses, is logged with its fix and gives its own code; anything else is a bug and is thrown.
 */
export async function runUntilSignal(
  context: Context,
  log: Log,
  work: (stop: AbortSignal) => Promise<void>,
): Promise<number> {
  const stop = new AbortController();
  let asked = "the work ended";
  context.onSignal((signal) => {
    asked = `received ${signal}`;
    log.info("Stopping", { because: asked });
    stop.abort(signal);
  });
  try {
    await work(stop.signal);
    log.info("Stopped", { because: asked });
    await Promise.race([log.idle(), context.clock.sleep(lastEventsMs)]);
    return ExitCode.ok;
  } catch (error) {
    const told = refusalOfSystem(error);
    log.error("The container stops", { error: told ?? (error instanceof Error ? error : String(error)) });
    if (told !== null) return told.exitCode;
    throw error;
  }
}

/**
 * Runs loops side by side until `stop` aborts. A loop that ends or fails aborts it, since half a role would look alive. Loops
 * that have not ended `graceMs` later are abandoned. Rejects with the first failure.
 */
export async function runTogether(
  loops: readonly (() => Promise<void>)[],
  stop: AbortController,
  o: { clock: Clock; graceMs: number },
): Promise<void> {
  const ended = Promise.all(loops.map((loop) => loop().finally(() => stop.abort())));
  await Promise.race([ended, untilAborted(stop.signal).then(() => o.clock.sleep(o.graceMs))]);
}
