// Starts, watches, restarts and stops child processes. A child is data; what it prints becomes log lines.
import { type ChildProcess, spawn } from "node:child_process";
import { type Account, childEnv, identity } from "./command.ts";
import { lineSplitter } from "./lines.ts";
import { decideRestart, defaultRestart, type RestartPolicy } from "./decide/restart.ts";
import type { Log } from "./log.ts";
import { signalAs } from "./signal-as.ts";
import { sendSignal } from "./signals.ts";
import { type Clock, nextTurn, untilAborted } from "./time.ts";

export interface ChildSpec {
  name: string;
  argv: readonly string[];
  as?: Account;
  env?: Readonly<Record<string, string>>;
  restart?: RestartPolicy;
  /** the signals of a stop, in order, each with the wait before the next one; SIGKILL always follows the last */
  stop: readonly { signal: NodeJS.Signals; waitMs: number }[];
  /** gives it a pipe as standard input, for write() */
  input?: boolean;
  /** why it must not start now, or null; asked before each start, and again after the longest pause while it says why */
  hold?: () => Promise<string | null>;
  /** called right after each start */
  onStart?: () => void;
  /** where its lines go; default: the log, as event "Output" */
  onLine?: (line: string) => void;
  /** it logs what clients send: a \r begins no line */
  clientWords?: boolean;
}

export interface ChildExit {
  code: number | null;
  signal: string | null;
  livedMs: number;
}

export interface Supervised {
  readonly name: string;
  /** pid of the running process, or null between runs */
  pid(): number | null;
  running(): boolean;
  /** why its next start is held back, or null */
  held(): string | null;
  /** how the last run ended, or null */
  lastExit(): ChildExit | null;
  /** resolves with the exit of the present run; at once if that has ended already */
  exited(): Promise<ChildExit>;
  /** resolves when no process holds its output open any more: everything that it has printed has been read */
  silent(): Promise<void>;
  /** stops it for good: its signals in order, then SIGKILL; resolves when it is gone. `steps` override the spec's. */
  stop(steps?: ChildSpec["stop"]): Promise<void>;
  /** one line to its standard input; lost while it does not run */
  write(line: string): void;
  /** ends its standard input */
  endInput(): void;
  /** sends a signal to the process itself */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL to the process and everything it started, also after the process itself has ended */
  killGroup(): void;
}

export interface SupervisorDeps {
  clock: Clock;
  log: Log;
}

/** How it ended, as a word for metrics. */
function causeOf({ code, signal }: ChildExit): string {
  if (signal !== null) return "signal";
  return code === null ? "not-started" : code === 0 ? "exit" : "error";
}

/** Starts a child and keeps it by its restart policy until stop(). */
export function supervise(spec: ChildSpec, deps: SupervisorDeps): Supervised {
  const { clock, log } = deps;
  const policy = spec.restart ?? defaultRestart;
  const halt = new AbortController();
  let child: ChildProcess | null = null;
  let exit: ChildExit | null = null;
  let group: number | undefined;
  let failures = 0;
  let held: string | null = null;
  const stopped = untilAborted(halt.signal).then(() => null);
  let ended: Promise<ChildExit> = Promise.resolve({ code: null, signal: null, livedMs: 0 });
  let closed: Promise<void> = Promise.resolve();
  let loop: Promise<void> = Promise.resolve();

  const endedWithin = async (ms: number) => {
    const waiting = new AbortController();
    await Promise.race([ended, clock.sleep(ms, waiting.signal)]);
    waiting.abort();
  };

  const startOnce = () => {
    const [program, ...args] = spec.argv;
    const since = clock.nowMs();
    const started = spawn(program!, args, {
      env: childEnv(spec.as, spec.env),
      stdio: [spec.input ? "pipe" : "ignore", "pipe", "pipe"],
      detached: true, // signals of the terminal or of tini reach only this process, which decides what its children get
      ...identity(spec.as),
    });
    child = started;
    group = started.pid;
    const onLine = spec.onLine ?? ((line: string) => log.info("Output", { process: spec.name, line }));
    for (const stream of [started.stdout, started.stderr]) {
      const lines = lineSplitter(onLine, { progress: spec.clientWords !== true });
      stream?.setEncoding("utf8");
      stream?.on("data", (chunk: string) => {
        stream.pause(); // all else that waits has its turn: the lease does, however much a client has logged
        lines.push(chunk);
        nextTurn(() => stream.resume());
      });
      stream?.on("end", () => lines.end());
    }
    started.stdin?.on("error", () => {}); // it has just ended, which its exit reports
    log.info("Process started", { process: spec.name, pid: started.pid });
    closed = new Promise((resolve) => {
      started.on("close", () => resolve());
      started.on("error", () => resolve());
    });
    ended = new Promise((resolve) => {
      const finish = (code: number | null, signal: string | null) => {
        child = null;
        exit = { code, signal, livedMs: clock.nowMs() - since };
        resolve(exit);
      };
      started.on("error", (error) => {
        log.error("Process could not be started", { process: spec.name, error });
        finish(null, null);
      });
      started.on("exit", finish);
    });
    spec.onStart?.();
    return ended;
  };

  /** Resolves once nothing holds it back, or it is stopped. */
  const free = async (hold: () => Promise<string | null>) => {
    while (!halt.signal.aborted) {
      const because = await Promise.race([hold(), stopped]);
      if (because !== null && held === null) log.warn("Process is held back", { process: spec.name, because });
      held = because;
      if (because === null) return;
      await clock.sleep(policy.maxPauseMs, halt.signal);
    }
  };

  const keep = async () => {
    while (!halt.signal.aborted) {
      if (spec.hold) await free(spec.hold);
      if (halt.signal.aborted) return;
      const end = await startOnce();
      if (halt.signal.aborted) return;
      const decision = decideRestart(policy, { livedMs: end.livedMs, failures });
      const fields = { process: spec.name, code: end.code, signal: end.signal, livedMs: Math.round(end.livedMs) };
      if (decision.do === "leave") {
        return end.code === 0 ? log.info("Process ended", fields) : log.warn("Process ended", fields);
      }
      failures = decision.failures;
      const cause = causeOf(end);
      log.warn("Process ended, restarting", { ...fields, cause, afterMs: decision.afterMs, failuresInARow: failures });
      await clock.sleep(decision.afterMs, halt.signal);
    }
  };
  loop = keep();

  /** Signals the child or its group; a refusal is logged, since the process then goes on as if nothing had been sent. */
  const send = async (pid: number | undefined, signal: NodeJS.Signals) => {
    if (pid === undefined) return;
    const sent = spec.as ? await signalAs(spec.as, [pid], signal) : sendSignal(pid, signal) !== "refused";
    if (!sent) log.error("The signal was refused", { process: spec.name, pid, signal });
  };

  return {
    name: spec.name,
    pid: () => child?.pid ?? null,
    running: () => child !== null,
    held: () => held,
    lastExit: () => exit,
    exited: () => ended,
    silent: () => closed,
    write: (line) => void child?.stdin?.write(line + "\n"),
    endInput: () => void child?.stdin?.end(),
    signal: (signal) => void send(child?.pid, signal),
    killGroup: () => void send(group === undefined ? undefined : -group, "SIGKILL"),
    stop: async (steps = spec.stop) => {
      halt.abort();
      for (const step of [...steps, { signal: "SIGKILL" as const, waitMs: 5_000 }]) {
        if (child === null) break;
        // what it started and left behind in its process group ends with it
        await send(step.signal === "SIGKILL" && child.pid !== undefined ? -child.pid : child.pid, step.signal);
        await endedWithin(step.waitMs);
      }
      if (child !== null) return log.error("Process does not end, not even after SIGKILL", { process: spec.name });
      await loop;
      log.info("Process stopped", { process: spec.name, code: exit?.code, signal: exit?.signal });
    },
  };
}
