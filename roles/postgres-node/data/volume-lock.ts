// One container per volume: postmaster.pid is judged by process ids, which say nothing about another container. The lock is the
// kernel's (flock(2)) on the data directory itself, so it leaves no file behind and ends with the container that holds it.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, exists, readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { EndsAtOnce, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { stateDirectory } from "./journal.ts";

/** A container that is being stopped is waited for this long: a stop ends within 9 s. Milliseconds. */
const waitMs = 20_000;
const pauseMs = 500;
/** flock's exit code where another process holds the lock; any other says that there is no lock to be had. */
const conflict = 75;

const Holder = z.object({ node: z.string(), container: z.string(), since: z.string() });
/** Which container holds the volume, for people. */
export type Holder = z.infer<typeof Holder>;

const path = (pgdata: string) => join(stateDirectory(pgdata), "holder.json");

export interface LockDeps {
  pgdata: string;
  holder: Holder;
  clock: Clock;
  log: Log;
  stop: AbortSignal;
  /** the lock was lost to another container */
  fail: (error: Error) => void;
}

export type LockAttempt = "held" | "taken" | "unsupported";

/**
 * Takes the volume for this container until it ends. Waits for one that is ending; throws OperatorError where another one
 * keeps it. On a file system without such locks (for example NFS, on a directory) a warning says so, and nothing is locked.
 */
export async function lockVolume(deps: LockDeps): Promise<void> {
  const { clock, log, pgdata, stop } = deps;
  const end = clock.nowMs() + waitMs;
  let told = false;
  while (!stop.aborted) {
    const { outcome, process } = await attempt(deps);
    if (outcome === "held") return void keep(process, deps);
    if (outcome === "unsupported") {
      return log.warn("The volume cannot be locked: two containers on it would not notice each other", {
        pgdata,
        fix: "never start two containers on this volume, or use a file system with flock(2) on directories",
      });
    }
    const taken = await takenError(pgdata);
    if (clock.nowMs() >= end) throw taken;
    if (!told) log.warn("Waiting for the container that uses this volume", { because: taken.what, forMs: waitMs });
    told = true;
    await clock.sleep(pauseMs, stop);
  }
}

/** Writes which container holds the volume; an empty volume stays empty until it holds a cluster. */
export async function noteHolder(pgdata: string, holder: Holder): Promise<void> {
  if (!(await exists(join(pgdata, "PG_VERSION")))) return;
  await ensureDirectory(stateDirectory(pgdata), { mode: 0o700, owner: postgresAccount });
  await writeAtomic(path(pgdata), JSON.stringify(holder) + "\n", { mode: 0o600, owner: postgresAccount });
}

/** The process holds the lock as long as it lives, and it lives as long as its input is open: until this agent ends. */
async function attempt({ pgdata, clock, log }: LockDeps): Promise<{ outcome: LockAttempt; process: Supervised }> {
  let locked = () => {};
  const held = new Promise<LockAttempt>((resolve) => locked = () => resolve("held"));
  const process = supervise({
    name: "volume lock",
    // without a fork: a child that outlived flock would keep the lock, and this agent would not know
    argv: [
      "flock",
      "--no-fork",
      "--nonblock",
      "--conflict-exit-code",
      String(conflict),
      pgdata,
      "sh",
      "-c",
      "echo locked; exec cat",
    ],
    as: postgresAccount,
    input: true,
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [{ signal: "SIGTERM", waitMs: 500 }],
    onLine: (line) => line === "locked" ? locked() : log.info("Output", { process: "volume lock", line }),
  }, { clock, log });
  const ended = process.exited().then(({ code }): LockAttempt => code === conflict ? "taken" : "unsupported");
  return { outcome: await Promise.race([held, ended]), process };
}

/** Where the lock's process is killed the lock is taken again; a container that was faster is the end of this one. */
async function keep(process: Supervised, deps: LockDeps): Promise<void> {
  for (let held = process; !deps.stop.aborted;) {
    await held.exited();
    if (deps.stop.aborted) return;
    const again = await attempt(deps);
    if (again.outcome === "taken") return deps.fail(new VolumeLost(await takenError(deps.pgdata)));
    if (again.outcome === "unsupported") {
      return deps.log.error("The lock of the volume is lost", { pgdata: deps.pgdata });
    }
    deps.log.warn("The lock of the volume was lost and taken again");
    held = again.process;
  }
}

async function takenError(pgdata: string): Promise<OperatorError> {
  const holder = await readHolder(pgdata);
  const by = holder === null ? "another container" : `container ${holder.container} (node ${holder.node})`;
  return new OperatorError({
    what: `The volume at ${pgdata} is in use by ${by}`,
    why: holder === null ? "it holds the lock of the data directory" : `it has held the lock since ${holder.since}`,
    fix: "stop that container first: `docker ps --filter volume=NAME` shows the containers of a volume",
    exitCode: ExitCode.refused,
  });
}

/** Another container has taken the volume while this one ran on it: what it has there may not be touched any more. */
class VolumeLost extends EndsAtOnce {
  override name = "VolumeLost";

  constructor({ what, why }: OperatorError) {
    super({
      what: `The lock of the volume is lost, so this container ends at once. ${what}`,
      why: `the process that held the lock here has ended, and was not the first to take it again; ${why}`,
      fix: "run one container on this volume: `docker ps --filter volume=NAME` shows them",
      exitCode: ExitCode.refused,
    });
  }
}

async function readHolder(pgdata: string): Promise<Holder | null> {
  try {
    return Holder.parse(JSON.parse(await readIfThere(path(pgdata)) ?? ""));
  } catch {
    return null; // for people only: a damaged note names nobody
  }
}
