// The Debian host under the tasks: its packages, its apt sources, and the base image that can be made from them.
// Everything here needs root on Debian 12 or 13, and elsewhere says what to do by hand.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ExitCode, OperatorError } from "../core/words/errors.ts";
import { type AptSource, debianSources, parseAptSources, renderAptSource } from "./apt-sources.ts";
import { attempt, execute } from "./terminal.ts";

/** Debian's major version, or null on another system. */
export async function debianVersion(): Promise<string | null> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  if (/^ID=(.*)$/m.exec(release)?.[1] !== "debian") return null;
  return /^VERSION_ID="?(\d+)/m.exec(release)?.[1] ?? null;
}

const byHand =
  "install Docker Engine with Compose, start it, check that `docker version` answers, and run this task again";

/** Throws an OperatorError that says what to install by hand, unless this is root on Debian 12 or 13. */
export async function requireDebianRoot(what: string, fix = byHand): Promise<void> {
  const version = await debianVersion();
  if ((version === "12" || version === "13") && process.getuid?.() === 0) return;
  throw new OperatorError({
    what,
    why: "this task can provide it only as root on Debian 12 or 13",
    fix,
    exitCode: ExitCode.unavailable,
  });
}

/** Whether a command is on PATH. */
export async function commandExists(name: string): Promise<boolean> {
  return (await attempt(["sh", "-c", `command -v "$1"`, "sh", name], { timeoutMs: 5_000 })).code === 0;
}

/** Throws an OperatorError unless Go is there. `what` is built with it, in a sentence. */
export async function requireGo(what: string): Promise<void> {
  if (await commandExists("go")) return;
  throw new OperatorError({
    what: `Go is not installed, and ${what} is built with it`,
    fix: "install Go 1.26 or newer so that `go version` answers, and run this task again",
  });
}

/** Installs Debian packages; waits if another apt is running. */
export async function aptInstall(packages: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const lock = ["-o", "DPkg::Lock::Timeout=120"];
  await execute(["apt-get", ...lock, "update"], { timeoutMs: 300_000, env });
  const argv = ["apt-get", ...lock, "install", "-y", "--no-install-recommends", ...packages];
  await execute(argv, { timeoutMs: 900_000, env });
}

/** Debian's archives as this host's own apt sources name them. */
export async function hostSources(): Promise<{ main: AptSource; security: AptSource | null }> {
  const parts = (await readdir("/etc/apt/sources.list.d").catch(() => [])).map((f) =>
    join("/etc/apt/sources.list.d", f)
  );
  const texts = await Promise.all(["/etc/apt/sources.list", ...parts].map((f) => readFile(f, "utf8").catch(() => "")));
  const { main, security } = debianSources(parseAptSources(texts.join("\n\n")));
  if (!main) {
    throw new OperatorError({
      what: "This host's apt sources do not contain a Debian archive",
      fix: "add Debian's main archive to /etc/apt/sources.list.d, or load the image debian:SUITE-slim into Docker",
    });
  }
  return { main, security };
}

/** Makes a base image called `name` of a suite of Debian, from packages of the host's mirror. */
export async function bootstrapBaseImage(suite: string, name: string): Promise<void> {
  if (!(await commandExists("debootstrap"))) await aptInstall(["debootstrap"]);
  const { main, security } = await hostSources();
  const directory = await mkdtemp(join(tmpdir(), "postdock-base-"));
  try {
    await execute(["debootstrap", "--variant=minbase", suite, directory, main.uri], { timeoutMs: 900_000 });
    const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    // sid has neither updates nor a security archive: it is updated itself
    const [suites, secure] = suite === "sid" ? [[suite], []] : [[suite, `${suite}-updates`], [`${suite}-security`]];
    // a mirror that has stopped for some days still has what is listed, which is signed all the same
    const late = suite === "sid" ? "Check-Valid-Until: no\n" : "";
    const stanzas = [renderAptSource({ ...main, signedBy: keyring }, suites) + late];
    if (security && secure.length > 0) stanzas.push(renderAptSource({ ...security, signedBy: keyring }, secure));
    await rm(join(directory, "etc/apt/sources.list"), { force: true });
    await writeFile(join(directory, "etc/apt/sources.list.d/debian.sources"), stanzas.join("\n"));
    await slim(directory);
    const pipe = `tar -C "$1" -c . | docker import - "$2"`;
    await execute(["sh", "-c", pipe, "sh", directory, name], { timeoutMs: 300_000 });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Removes what Debian's own slim images do not have either; copyright files and the locale alias file stay. */
async function slim(directory: string): Promise<void> {
  const clutter = ["cache/apt", "cache/debconf", "lib/apt/lists", "log"].map((path) => join(directory, "var", path));
  const texts = ["doc", "man", "locale", "info", "lintian", "groff"].map((path) => join(directory, "usr/share", path));
  const present: string[] = [];
  for (const path of [...clutter, ...texts]) {
    if (await readdir(path).then(() => true, () => false)) present.push(path);
  }
  const keep = ["!", "-name", "copyright", "!", "-name", "locale.alias"];
  await execute(["find", ...present, "!", "-type", "d", ...keep, "-delete"], { timeoutMs: 60_000 });
}
