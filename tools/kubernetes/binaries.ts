// The programs of a real Kubernetes: built once from their source with Go, and kept outside the checkout.
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../core/runtime/time.ts";
import { requireGo } from "../debian.ts";
import { execute, say } from "../terminal.ts";
import { goMod, importsOf, type Part, parts, stagedModules } from "./modules.ts";

/** Everything that is built, and the state of running clusters, is below this directory. */
export const kubernetesDirectory = join(homedir(), ".cache", "postdock", "kubernetes");

const buildMs = 3_600_000;
const exists = (path: string) => stat(path).then(() => true, () => false);

/** Paths of the programs by their names; those that are missing are built, which takes about ten minutes for all of them. */
export async function ensureBinaries(): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const part of parts) {
    const directory = join(kubernetesDirectory, `${part.name}-${part.version}`);
    const programs = Object.keys(part.programs).map((name) => ({ name, path: join(directory, name) }));
    for (const { name, path } of programs) found[name] = path;
    if ((await Promise.all(programs.map(({ path }) => exists(path)))).includes(false)) await build(part, directory);
  }
  return found;
}

async function build(part: Part, directory: string): Promise<void> {
  await requireGo("the Kubernetes of this test");
  const since = systemClock.nowMs();
  say(`Building ${part.name} ${part.version}: ${Object.keys(part.programs).join(", ")}`);
  const source = join(directory, "source");
  await mkdir(source, { recursive: true });
  const caches = { GOMODCACHE: join(kubernetesDirectory, "modules"), GOCACHE: join(kubernetesDirectory, "objects") };
  const env = { CGO_ENABLED: "0", GOFLAGS: "-mod=mod -buildvcs=false -modcacherw", ...caches };
  const go = (...argv: string[]) => execute(["go", ...argv], { timeoutMs: buildMs, cwd: source, env });
  await writeFile(join(source, "go.mod"), goMod(part, []));
  await go("mod", "download", `${part.module}@${part.version}`);
  const own = join(caches.GOMODCACHE, `${part.module}@${part.version}`, "go.mod");
  await writeFile(join(source, "go.mod"), goMod(part, stagedModules(await readFile(own, "utf8"))));
  await writeFile(join(source, "tools.go"), importsOf(part));
  for (const [name, path] of Object.entries(part.programs)) {
    const flags = ["-s", "-w", ...part.linkerFlags];
    const half = join(directory, `${name}.half`);
    // with the lowest priority: it may run beside scenarios
    const argv = ["nice", "-n", "19", "go", "build", "-trimpath", "-ldflags", flags.join(" "), "-o", half, path];
    await execute(argv, { timeoutMs: buildMs, cwd: source, env });
    await rename(half, join(directory, name));
  }
  await rm(source, { recursive: true });
  say(`Built ${part.name} in ${Math.round((systemClock.nowMs() - since) / 1000)} s`);
}
