// Runs one program to its end: an argument list, a timeout, only the environment it is given.
// With supervisor.ts the only place that starts processes.
import { type ChildProcess, spawn } from "node:child_process";
import { lineSplitter } from "./lines.ts";
import { sendSignal } from "./signals.ts";
import { after, onAbort } from "./time.ts";

/** An unprivileged account that children run as; gid and supplementary groups are set with it. */
export interface Account {
  uid: number;
  gid: number;
  home: string;
  name: string;
}

/** Whom root's programs run as: the images' user postgres. A container of another user has no root, and all in it is that user. */
const ids = () => process.getuid?.() ? { uid: process.getuid(), gid: process.getgid!() } : { uid: 999, gid: 999 };

/** The postgres account: uid and gid 999 in every image, or the user that the container runs as. */
export const postgresAccount: Account = {
  get uid() {
    return ids().uid;
  },
  get gid() {
    return ids().gid;
  },
  home: "/var/lib/postgresql",
  name: "postgres",
};

export interface CommandOptions {
  timeoutMs: number;
  /** run as this account when the caller is root; otherwise as the caller */
  as?: Account;
  /** added to the minimal environment (PATH, LANG, HOME); nothing else is inherited */
  env?: Readonly<Record<string, string>>;
  input?: string;
  cwd?: string;
  /** called for each whole line of stdout and stderr as it comes */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  signal?: AbortSignal;
  /** bytes of stdout and of stderr kept, from the end; default 4 MiB */
  keepBytes?: number;
}

export interface CommandResult {
  argv: readonly string[];
  /** exit code, or null when a signal ended it */
  code: number | null;
  killedBy: string | null;
  timedOut: boolean;
  stdout: string;
  stderr: string;
}

/** A program that did not exit with 0. `result` holds what it printed. */
export class CommandError extends Error {
  override name = "CommandError";
  constructor(readonly result: CommandResult) {
    super(commandErrorText(result));
  }
}

/** One line that says how a command ended, with the last line it printed to stderr. */
export function commandErrorText(result: CommandResult): string {
  const how = result.timedOut
    ? "timed out"
    : result.code === null
    ? `was ended by ${result.killedBy}`
    : `exited with ${result.code}`;
  const last = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-3).join(" | ");
  return `${result.argv.slice(0, 3).join(" ")} ${how}${last ? `: ${last}` : ""}`;
}

/**
 * How long the C library looks up a name (resolv.conf(5)). Its default is 10 s, and Docker's resolver does not answer for a
 * container that has just died. A WAL receiver cannot be ended during a lookup, and a promotion waits for it.
 */
const nameLookups = "timeout:1 attempts:2";

/** The environment every child gets: no variable of ours, so no secret, reaches it. */
export function childEnv(account: Account | undefined, extra: Readonly<Record<string, string>> = {}) {
  return {
    PATH: process.env.PATH ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LANG: "en_US.utf8",
    TZ: "UTC",
    RES_OPTIONS: process.env.RES_OPTIONS ?? nameLookups,
    HOME: account?.home ?? process.env.HOME ?? "/",
    ...(account ? { USER: account.name, LOGNAME: account.name } : {}),
    ...extra,
  };
}

/** The options of spawn() that drop privileges, if this process has any. */
export function identity(account: Account | undefined): { uid?: number; gid?: number } {
  return account && process.getuid?.() === 0 ? { uid: account.uid, gid: account.gid } : {};
}

/** How long output is still read after a kill, milliseconds. */
const afterKillMs = 200;

/** Runs a program and returns how it ended, also when it failed. Throws only if it could not be started. */
export function tryRun(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (!program) throw new Error("tryRun() needs a program");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: childEnv(options.as, options.env),
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      detached: true, // a process group of its own, so that a timeout ends its children too
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...identity(options.as),
    });
    const stdout = collect(child, "stdout", options);
    const stderr = collect(child, "stderr", options);
    let timedOut = false;
    let killed = false;
    let exit: { code: number | null; killedBy: string | null } | null = null;
    const release = () => {
      cancelTimeout();
      forgetSignal();
    };
    const finish = () => {
      release();
      resolve({ argv, code: null, killedBy: null, ...exit, timedOut, stdout: stdout(), stderr: stderr() });
    };
    // a descendant that left the process group may hold the output open: after a kill nothing waits for it
    const finishSoon = () => void after(afterKillMs, finish);
    const kill = () => {
      killed = true;
      killGroup(child, options.as);
      if (exit !== null) finishSoon();
    };
    const cancelTimeout = after(options.timeoutMs, () => {
      timedOut = exit === null;
      kill();
    });
    const forgetSignal = onAbort(options.signal, kill);
    child.on("error", (error) => {
      release();
      reject(new Error(`Could not start ${program}: ${error.message}`, { cause: error }));
    });
    child.on("exit", (code, killedBy) => {
      exit = { code, killedBy };
      if (killed) finishSoon();
    });
    child.on("close", finish);
    if (options.input !== undefined) {
      child.stdin?.on("error", () => {}); // the program may end before it has read all of it; its exit code is what counts
      child.stdin?.end(options.input);
    }
  });
}

/** Runs a program that must succeed. Throws CommandError when it exits with anything but 0. */
export async function run(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const result = await tryRun(argv, options);
  if (result.code !== 0) throw new CommandError(result);
  return result;
}

/**
 * Root without CAP_KILL may not signal another account's group; that account may. A group that is not ended in this way either
 * runs on: the caller hears of it by the timeout in its result.
 */
function killGroup(child: ChildProcess, as: Account | undefined) {
  if (child.pid === undefined || sendSignal(-child.pid, "SIGKILL") !== "refused" || as === undefined) return;
  const argv = ["-c", 'kill -s KILL -- "-$0"', String(child.pid)];
  const killer = spawn("sh", argv, { env: childEnv(as), stdio: "ignore", ...identity(as) });
  killer.on("error", () => {}); // the group runs on
}

function collect(child: ChildProcess, name: "stdout" | "stderr", options: CommandOptions): () => string {
  const keep = options.keepBytes ?? 4 * 1024 * 1024;
  let text = "";
  const lines = options.onLine ? lineSplitter((line) => options.onLine?.(line, name)) : undefined;
  const stream = child[name];
  stream?.setEncoding("utf8");
  stream?.on("data", (chunk: string) => {
    text += chunk;
    if (text.length > 2 * keep) text = text.slice(-keep); // seldom, since a cut copies all that is kept
    lines?.push(chunk);
  });
  stream?.on("end", () => lines?.end());
  return () => text.slice(-keep);
}
