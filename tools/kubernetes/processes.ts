// The programs of the Kubernetes under test: in the background, each with a log, and ended by what they were started as.
import { spawn } from "node:child_process";
import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";

const deps = { clock: systemClock };

/** Starts a program, which outlives this task. Its log and its pid are in `directory`. */
export async function startProgram(directory: string, name: string, argv: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  const log = await open(join(directory, `${name}.log`), "a");
  const [program, ...args] = argv;
  const child = spawn(program!, args, { detached: true, stdio: ["ignore", log.fd, log.fd], cwd: directory });
  await new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  child.unref();
  await log.close();
  await writeFile(join(directory, `${name}.pid`), JSON.stringify({ pid: child.pid, began: await beganAt(child.pid!) }));
}

/** When a process began, in ticks since the machine did (proc(5), stat, field 22); null if it is gone. */
async function beganAt(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  const after = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return after === undefined || after[0] === "Z" ? null : after[19] ?? null;
}

/** Ends the programs that were started in `directory` whose names match, at once. With TERM the API server takes a minute. */
export async function endPrograms(directory: string, which = /./): Promise<void> {
  const files = await readdir(directory).catch(() => []);
  for (const file of files.filter((f) => f.endsWith(".pid") && which.test(f))) {
    const { pid, began } = JSON.parse(await readFile(join(directory, file), "utf8")) as { pid: number; began: string };
    if (began !== null && await beganAt(pid) === began) {
      process.kill(pid, "SIGKILL");
      const gone = async () => await beganAt(pid) !== began;
      await waitUntil(gone, { what: `${file} to end`, deadlineMs: 20_000, everyMs: 20 }, deps);
    }
    await rm(join(directory, file));
  }
}

/** Ends every process of these groups of processes (cgroup v1), again and again until none is left. */
export async function emptyCgroup(path: string): Promise<void> {
  const pidsBelow = async (directory: string): Promise<number[]> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    const own = (await readFile(join(directory, "cgroup.procs"), "utf8").catch(() => "")).split("\n").filter(Boolean);
    const below = await Promise.all(
      entries.filter((e) => e.isDirectory()).map((e) => pidsBelow(join(directory, e.name))),
    );
    return [...own.map(Number), ...below.flat()];
  };
  const ended = async () => {
    const pids = await pidsBelow(path);
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if ((error as { code?: string }).code !== "ESRCH") throw error;
      }
    }
    return pids.length === 0;
  };
  await waitUntil(ended, { what: `the processes of ${path} to end`, deadlineMs: 30_000, everyMs: 50 }, deps);
}
