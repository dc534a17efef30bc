// The executable of an earlier state of this project, for tests of containers that do not all run the same one.
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { attempt, execute, root, say } from "../../tools/terminal.ts";
import { executableAt } from "./cluster.ts";
import { type ComposeFile, mount, serviceOf } from "./compose-file.ts";

/**
 * What counts as the last release until one is tagged: the newest state of main before answers were signed and the key that is
 * derived from the password became slow. It is the latest whose agents speak otherwise than today's, and its checks passed.
 */
export const lastRelease = "42405c5f2acbb45a3ec5d5edeaa8a0803f4a758d";

/** Built once from git's history, and kept outside git. */
const built = join(root, "dist", `postdock-${lastRelease.slice(0, 7)}`);

/** Where it is, or in words why it cannot be had here. */
export type Earlier = { path: string } | { why: string };

/** The executable of the last release. Throws if its sources are here and it cannot be built. */
export async function earlierExecutable(): Promise<Earlier> {
  if (await stat(built).catch(() => null)) return { path: built };
  const directory = await mkdtemp(join(tmpdir(), "postdock-earlier-"));
  try {
    const archive = ["git", "archive", "--output", join(directory, "sources.tar"), lastRelease];
    const had = await attempt(archive, { timeoutMs: 60_000, cwd: root });
    if (had.code !== 0) return { why: `this checkout has no history back to ${lastRelease}: ${had.stderr.trim()}` };
    say("Building the executable of the last release");
    await execute(["tar", "-xf", "sources.tar"], { timeoutMs: 60_000, cwd: directory });
    const path = `${dirname(process.execPath)}:${process.env.PATH ?? ""}`;
    const build = ["nice", process.execPath, "task", "build"];
    await execute(build, { timeoutMs: 300_000, cwd: directory, env: { PATH: path } });
    await mkdir(dirname(built), { recursive: true });
    await execute(["cp", join(directory, "dist", "postdock"), `${built}.new`], { timeoutMs: 60_000 });
    await rename(`${built}.new`, built);
    return { path: built };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The images of that release had no links into /run, and its executable makes what it finds no path for. */
const asImagesWere = "find /etc /usr/local/etc /var/lib /var/log -xdev -xtype l -delete; mkdir -p /etc/barman.d; " +
  'chown postgres:postgres /var/lib/postgresql; exec tini -- postdock "$@"';
const roles: Readonly<Record<string, string>> = { pgpool: "pgpool", backup: "barman" };

/** Runs a service with the executable of the last release. */
export function runEarlier(file: ComposeFile, service: string, { path }: { path: string }): void {
  mount(file, service, executableAt(path));
  Object.assign(serviceOf(file, service), {
    entrypoint: ["bash", "-c", asImagesWere.replaceAll("$", "$$$$"), "postdock"],
    command: [roles[service] ?? "postgres-node", "entrypoint"],
  });
}
