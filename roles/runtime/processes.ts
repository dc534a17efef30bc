// Which processes of a name work in a directory, from /proc.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Pids of processes called `name` that work in `directory`. Root without CAP_SYS_PTRACE, which is what a container has, may not
 * see where another account's process works: such a one counts where it belongs to this container.
 * Synchronous, so that a fence waits for nobody.
 */
export function processesIn(name: string, directory: string): number[] {
  const container = quietly(() => readFileSync("/proc/self/cgroup", "utf8"));
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number).filter((pid) => {
    // "pid (name) state …"; a zombie is dead, it only waits for its parent
    const [, comm, state] = /^\d+ \((.*)\) (\S)/s.exec(
      quietly(() => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "",
    ) ?? [];
    if (comm !== name || state === "Z" || state === "X") return false;
    const place = quietly(() => readlinkSync(`/proc/${pid}/cwd`));
    return place === null
      ? quietly(() => readFileSync(`/proc/${pid}/cgroup`, "utf8")) === container
      : place === directory;
  });
}

/** null where the process has just ended, or may not be looked at. */
function quietly(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
