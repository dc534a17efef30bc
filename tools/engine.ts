// Makes sure of a Docker engine, Compose and the base image: uses what is there; on Debian as root it installs the rest,
// saying so first. `deno task engine` does only this.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ExitCode, OperatorError } from "../roles/runtime/errors.ts";
import { systemClock, waitUntil } from "../roles/runtime/time.ts";
import { debianSources, parseAptSources, renderAptSource } from "./apt-sources.ts";
import { attempt, execute, say, task } from "./terminal.ts";

const baseImage = "debian:trixie-slim";
const engineLog = "/var/log/postdock-dockerd.log";

/** A running engine and the base image. */
export async function ensureEngine(): Promise<void> {
  if (!(await engineAnswers())) await startEngine();
  await ensureBaseImage();
}

async function engineAnswers(): Promise<boolean> {
  const result = await attempt(["docker", "version", "--format", "{{.Server.Version}}"], { timeoutMs: 15_000 })
    .catch(() => null); // no docker command at all
  return result?.code === 0;
}

async function startEngine(): Promise<void> {
  await requireDebianRoot("No Docker engine answers");
  if (!(await commandExists("dockerd"))) {
    say("No Docker engine here: installing Debian's package docker.io");
    await aptInstall(["docker.io", "iptables"]);
    if (await engineAnswers()) return;
  }
  if (
    (await attempt(["systemctl", "is-system-running"], { timeoutMs: 10_000 }).catch(() => null))?.stdout.match(
      /running|degraded/,
    )
  ) {
    say("Starting the Docker engine with systemctl");
    await execute(["systemctl", "start", "docker"], { timeoutMs: 60_000 });
  } else {
    await startDockerd();
  }
  await waitUntil(engineAnswers, {
    what: "the Docker engine to answer",
    deadlineMs: 90_000,
    everyMs: 500,
    fix: `read ${engineLog}`,
  }, { clock: systemClock });
}

/** dockerd without an init system: detached, so that it outlives this task. */
async function startDockerd(): Promise<void> {
  await clearStalePid("/var/run/docker.pid", "dockerd");
  await clearStalePid("/var/run/docker/containerd/containerd.pid", "containerd");
  say(`Starting dockerd in the background, its log is ${engineLog}`);
  const log = await open(engineLog, "a");
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", log.fd, log.fd] });
  child.on("error", (error) => say(`dockerd could not be started: ${error.message}`));
  child.unref();
  await log.close();
}

/** A pid file that a kill has left: removed only where no such process lives. */
async function clearStalePid(path: string, program: string): Promise<void> {
  const pid = (await readFile(path, "utf8").catch(() => "")).trim();
  if (pid === "") return;
  const comm = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
  if (comm === program) return;
  say(`Removing a stale ${path}: process ${pid} is not ${program}`);
  await rm(path, { force: true });
}

async function requireDebianRoot(what: string): Promise<void> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const id = /^ID=(.*)$/m.exec(release)?.[1];
  const version = /^VERSION_ID="?(\d+)/m.exec(release)?.[1];
  if (id === "debian" && (version === "12" || version === "13") && process.getuid?.() === 0) return;
  throw new OperatorError({
    what,
    why: "it is installed by itself only on Debian 12 or 13 as root",
    fix: "install Docker Engine with Compose, start it, see that `docker version` answers, and run this task again",
    exitCode: ExitCode.unavailable,
  });
}

async function commandExists(name: string): Promise<boolean> {
  return (await attempt(["sh", "-c", `command -v ${name}`], { timeoutMs: 5_000 })).code === 0;
}

async function aptInstall(packages: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const lock = ["-o", "DPkg::Lock::Timeout=120"];
  await execute(["apt-get", ...lock, "update"], { timeoutMs: 300_000, env });
  const argv = ["apt-get", ...lock, "install", "-y", "--no-install-recommends", ...packages];
  await execute(argv, { timeoutMs: 900_000, env });
}

/** Which Compose: the plugin (v2) or the Python program of 1.x users (v1). */
export type ComposeVersion = "v2" | "v1";

const composeCommands: Record<ComposeVersion, string[]> = { v2: ["docker", "compose"], v1: ["docker-compose"] };

/** The command that runs Compose; without a wish whichever is there, else v2 is installed. */
export async function ensureCompose(wanted?: ComposeVersion): Promise<string[]> {
  for (const version of wanted ? [wanted] : ["v2", "v1"] as const) {
    if (await composeAnswers(version)) return composeCommands[version];
  }
  const version = wanted ?? "v2";
  await requireDebianRoot(`Compose ${version} is not here`);
  if (version === "v1") {
    say("Installing Debian's package docker-compose");
    await aptInstall(["docker-compose"]);
  } else await installComposePlugin();
  if (await composeAnswers(version)) return composeCommands[version];
  throw new OperatorError({
    what: `Compose ${version} does not run after its installation`,
    fix: `try \`${composeCommands[version].join(" ")} version\` by hand`,
  });
}

async function composeAnswers(version: ComposeVersion): Promise<boolean> {
  const result = await attempt([...composeCommands[version], "version", "--short"], { timeoutMs: 30_000 }).catch(() =>
    null
  );
  return result?.code === 0 && result.stdout.trim().replace(/^v/, "").startsWith(version === "v2" ? "2" : "1");
}

/** trixie's docker-compose and docker-buildx depend on libc only: unpacked as plugins of the docker command. */
async function installComposePlugin(): Promise<void> {
  say("Installing Compose v2 as a plugin of the docker command, from Debian trixie's packages");
  const directory = await mkdtemp(join(tmpdir(), "postdock-compose-"));
  try {
    const sources = join(directory, "sources");
    await mkdir(join(directory, "lists", "partial"), { recursive: true });
    await mkdir(sources);
    await writeFile(join(sources, "trixie.sources"), renderAptSource((await hostSources()).main, ["trixie"]));
    const apt = [
      "-o",
      "Dir::Etc::SourceList=/dev/null",
      "-o",
      `Dir::Etc::SourceParts=${sources}`,
      "-o",
      `Dir::State::Lists=${directory}/lists`,
    ];
    await execute(["apt-get", ...apt, "update"], { timeoutMs: 300_000 });
    await execute(["apt-get", ...apt, "download", "docker-compose", "docker-buildx"], {
      timeoutMs: 300_000,
      cwd: directory,
    });
    const plugins = join(process.env.HOME ?? "/root", ".docker", "cli-plugins");
    await mkdir(plugins, { recursive: true });
    for (const file of (await readdir(directory)).filter((f) => f.endsWith(".deb"))) {
      await execute(["dpkg-deb", "-x", file, "unpacked"], { timeoutMs: 60_000, cwd: directory });
    }
    const found = await execute(["find", "unpacked", "-type", "f", "-path", "*cli-plugins/docker-*"], {
      timeoutMs: 10_000,
      cwd: directory,
    });
    for (const plugin of found.trim().split("\n")) {
      await execute(["install", "-m", "0755", plugin, plugins], { timeoutMs: 60_000, cwd: directory });
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function hostSources() {
  const parts = (await readdir("/etc/apt/sources.list.d").catch(() => [])).map((f) =>
    join("/etc/apt/sources.list.d", f)
  );
  const texts = await Promise.all(["/etc/apt/sources.list", ...parts].map((f) => readFile(f, "utf8").catch(() => "")));
  const { main, security } = debianSources(parseAptSources(texts.join("\n\n")));
  if (!main) {
    throw new OperatorError({
      what: "This host's apt sources name no Debian archive",
      fix: "add Debian's main archive to /etc/apt/sources.list.d, or make the image debian:trixie-slim available",
    });
  }
  return { main, security };
}

async function ensureBaseImage(): Promise<void> {
  if ((await attempt(["docker", "image", "inspect", baseImage], { timeoutMs: 30_000 })).code === 0) return;
  say(`Pulling ${baseImage}`);
  if ((await attempt(["docker", "pull", baseImage], { timeoutMs: 60_000 })).code === 0) return;
  await requireDebianRoot(`No registry gave ${baseImage}`);
  say(`No registry answers: making ${baseImage} from Debian's packages (about a minute)`);
  if (!(await commandExists("debootstrap"))) await aptInstall(["debootstrap"]);
  await bootstrapBaseImage();
}

async function bootstrapBaseImage(): Promise<void> {
  const { main, security } = await hostSources();
  const directory = await mkdtemp(join(tmpdir(), "postdock-base-"));
  try {
    await execute(["debootstrap", "--variant=minbase", "trixie", directory, main.uri], { timeoutMs: 900_000 });
    const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    const stanzas = [renderAptSource({ ...main, signedBy: keyring }, ["trixie", "trixie-updates"])];
    if (security) stanzas.push(renderAptSource({ ...security, signedBy: keyring }, ["trixie-security"]));
    await rm(join(directory, "etc/apt/sources.list"), { force: true });
    await writeFile(join(directory, "etc/apt/sources.list.d/debian.sources"), stanzas.join("\n"));
    const clutter = [
      "var/cache/apt",
      "var/lib/apt/lists",
      "usr/share/doc",
      "usr/share/man",
      "usr/share/locale",
      "usr/share/info",
    ];
    for (const path of clutter) {
      await execute(["find", join(directory, path), "-type", "f", "-delete"], { timeoutMs: 60_000 });
    }
    const pipe = `tar -C "$1" -c . | docker import - "$2"`;
    await execute(["sh", "-c", pipe, "sh", directory, baseImage], { timeoutMs: 300_000 });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  await task(async () => {
    await ensureEngine();
    const compose = await ensureCompose();
    say(`A Docker engine answers, ${baseImage} is there, and \`${compose.join(" ")}\` runs.`);
  });
}
