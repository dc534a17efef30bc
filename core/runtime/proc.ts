// What the kernel reports in /proc: the time since boot, and which processes work in a directory; and what it is told there and
// by setpriority(2) about a process. It is not part of files.ts, so that a probe need not load the modules of that file.
import { resolve } from "node:path";
import { setPriority } from "node:os";
import { openSync, readdirSync, readFileSync, readlinkSync, readSync, realpathSync, writeFileSync } from "node:fs";
import { isOutOfFiles } from "./passing-fault.ts";

function secondsIn(text: string, path: string): number {
  const seconds = Number.parseFloat(text);
  if (!Number.isFinite(seconds)) throw new Error(`${path} does not hold a number of seconds: ${text}`);
  return seconds;
}

/**
 * Seconds since the machine booted, from the kernel, with a resolution of 10 ms. They count on while a container is frozen or
 * a machine sleeps. The file stays open from the first look on: a process that has no descriptor left can open nothing, and its
 * lease must run out all the same.
 */
export class UptimeFile {
  /** undefined: not opened yet; null: there is no /proc */
  private file: number | null | undefined = undefined;
  private readonly bytes = Buffer.alloc(64);

  constructor(private readonly path = "/proc/uptime") {}

  /**
   * Null if there is no /proc. Throws if it exists but cannot be read: another clock in its place would jump, and a lease that has
   * run out would seem valid.
   */
  seconds(): number | null {
    if (this.file === undefined) this.file = opened(this.path);
    if (this.file === null) return null;
    return secondsIn(
      this.bytes.toString("latin1", 0, readSync(this.file, this.bytes, 0, this.bytes.length, 0)),
      this.path,
    );
  }
}

const uptime = new UptimeFile();

/** Seconds since the machine booted; null if there is no /proc. Throws as UptimeFile does. */
export const uptimeSeconds = (): number | null => uptime.seconds();

function opened(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/**
 * Pids of processes called `name` that work in `directory`. In a container root lacks CAP_SYS_PTRACE, and may not see where
 * another account's process works. Such a process counts if it belongs to this container, unless it comes from a server that
 * was started with another directory (`-D`): somebody may look at a copy of the data here.
 * Synchronous, so that the fence waits for nothing.
 */
export function processesIn(name: string, given: string): number[] {
  const directory = realOf(given); // the kernel knows no links
  const container = unlessGone(() => readFileSync("/proc/self/cgroup", "utf8"));
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number).filter((pid) => {
    // "pid (name) state …"; a zombie is dead, it only waits for its parent
    const [, comm, state] = /^\d+ \((.*)\) (\S)/s.exec(
      unlessGone(() => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "",
    ) ?? [];
    if (comm !== name || state === "Z" || state === "X") return false;
    const place = unlessGone(() => readlinkSync(`/proc/${pid}/cwd`));
    if (place !== null) return place === directory;
    return unlessGone(() => readFileSync(`/proc/${pid}/cgroup`, "utf8")) === container &&
      !startedElsewhere(pid, name, directory);
  });
}

const realOf = (path: string) => unlessGone(() => realpathSync(path)) ?? resolve(path);

/** Whether the first process called `name` above this one, or itself, was started with `-D` and another directory. */
function startedElsewhere(pid: number, name: string, directory: string): boolean {
  const argv = (unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "").split("\0");
  const at = argv.indexOf("-D");
  if (at >= 0) return argv[at + 1] !== undefined && realOf(argv[at + 1]!) !== directory;
  const parent = Number(
    /^PPid:\s*(\d+)$/m.exec(unlessGone(() => readFileSync(`/proc/${pid}/status`, "utf8")) ?? "")?.[1],
  );
  const parentName = unlessGone(() => readFileSync(`/proc/${parent}/comm`, "utf8"))?.trim();
  return parentName === name && startedElsewhere(parent, name, directory);
}

/** The title that a process has given itself, or its arguments; empty if it is gone. */
export const titleOf = (pid: number): string =>
  (quietly(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "").replace(/[\0 ]+$/, "");

/** Processes of this program that have given themselves a title: its name, a colon, and what they do. */
export function titledOf(program: string): { pid: number; title: string }[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number);
  return pids.map((pid) => ({ pid, title: titleOf(pid) })).filter(({ title }) => title.startsWith(`${program}: `));
}

/** Whether a process has a handler for the signal of this number, so that it does not end by it (proc(5), SigCgt). */
export function handlesSignal(pid: number, signal: number): boolean {
  const text = quietly(() => readFileSync(`/proc/${pid}/status`, "utf8")) ?? "";
  const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(text)?.[1] ?? "0"}`);
  return (caught >> BigInt(signal - 1) & 1n) === 1n;
}

/** Whether a process of this container is one of ours, and not a later one of the same number. */
export function isPostdock(pid: number): boolean {
  return quietly(() => readFileSync(`/proc/${pid}/comm`, "utf8"))?.trim() === "postdock";
}

/** How soon the kernel ends a process when memory runs out, -1000 (never) to 1000; null if that cannot be read. */
export function oomScore(pid: number | "self"): number | null {
  const score = Number.parseInt(quietly(() => readFileSync(`/proc/${pid}/oom_score_adj`, "utf8")) ?? "", 10);
  return Number.isFinite(score) ? score : null;
}

/** False if it was refused: a lower score needs CAP_SYS_RESOURCE. */
export function setOomScore(pid: number, score: number): boolean {
  return succeeds(() => writeFileSync(`/proc/${pid}/oom_score_adj`, `${score}`));
}

/** Its share of the CPU, -20 (most) to 19. False if it was refused: a lower value needs CAP_SYS_NICE. */
export function setNice(pid: number, nice: number): boolean {
  return succeeds(() => setPriority(pid, nice));
}

/** What the kernel says about this process: /proc/self/stat, /proc/self/limits and /proc/stat. */
export interface ProcTexts {
  stat: string;
  limits: string;
  system: string;
  openFiles: number;
}

/** Throws if one of them cannot be read. */
export function readProc(): ProcTexts {
  const text = (path: string) => readFileSync(`/proc/${path}`, "utf8");
  return {
    stat: text("self/stat"),
    limits: text("self/limits"),
    system: text("stat"),
    openFiles: readdirSync("/proc/self/fd").length,
  };
}

/** Null if the process has just ended, or may not be looked at. */
function quietly(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The same, but throws if nothing can be looked at now: the process may be there. */
function unlessGone(read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    if (isOutOfFiles(error)) throw error;
    return null;
  }
}

function succeeds(act: () => void): boolean {
  return quietly(() => {
    act();
    return "done";
  }) !== null;
}
