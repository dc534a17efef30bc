// `deno task engine`: ensures that there are a Docker engine, Compose and the base image. It uses what it finds; as root on
// Debian it installs the rest, and says so first.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { OperatorError } from "../core/words/errors.ts";
import { systemClock, waitUntil } from "../core/runtime/time.ts";
import { renderAptSource } from "./apt-sources.ts";
import {
  aptInstall,
  bootstrapBaseImage,
  commandExists,
  debianVersion,
  hostSources,
  requireDebianRoot,
} from "./debian.ts";
import { optionsOf } from "./options.ts";
import { attempt, execute, say, task } from "./terminal.ts";

const [suite, baseImage] = ["trixie", "debian:trixie-slim"];
const engineLog = "/var/log/postdock-dockerd.log";

/** Ensures a running engine and the base image. */
export async function ensureEngine(): Promise<void> {
  if (!(await engineAnswers())) await startEngine();
  await ensureDebianImage(suite, baseImage);
}

async function engineAnswers(): Promise<boolean> {
  const result = await attempt(["docker", "version", "--format", "{{.Server.Version}}"], { timeoutMs: 15_000 })
    .catch(() => null); // no docker command at all
  return result?.code === 0;
}

async function startEngine(): Promise<void> {
  await requireDebianRoot("No Docker engine answers");
  if (!(await commandExists("dockerd"))) {
    say("No Docker engine is installed: installing Debian's package docker.io");
    await aptInstall(["docker.io", "iptables"]);
    if (await engineAnswers()) return;
  }
  const init = await attempt(["systemctl", "is-system-running"], { timeoutMs: 10_000 }).catch(() => null);
  const died = /running|degraded/.test(init?.stdout ?? "") ? await startWithSystemd() : await startDockerd();
  await waitUntil(async () => {
    if (await engineAnswers()) return true;
    if (!died()) return false;
    const last = (await readFile(engineLog, "utf8").catch(() => "")).trim().split("\n").slice(-5).join("\n");
    throw new OperatorError({ what: "dockerd exited right after its start", why: last, fix: `read ${engineLog}` });
  }, {
    what: "the Docker engine to answer",
    deadlineMs: 90_000,
    everyMs: 500,
    fix: `read ${engineLog}`,
  }, { clock: systemClock });
}

async function startWithSystemd(): Promise<() => boolean> {
  say("Starting the Docker engine with systemctl");
  await execute(["systemctl", "start", "docker"], { timeoutMs: 60_000 });
  return () => false;
}

/** Starts dockerd without an init system, detached so that it outlives this task. The result says whether it has ended. */
async function startDockerd(): Promise<() => boolean> {
  const alive = await clearStalePid("/var/run/docker.pid", "dockerd");
  await clearStalePid("/var/run/docker/containerd/containerd.pid", "containerd");
  if (alive) return () => false; // another task has just started one
  say(`Starting dockerd in the background; its log is ${engineLog}`);
  let ended = false;
  const log = await open(engineLog, "a");
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", log.fd, log.fd] });
  child.on("error", (error) => say(`dockerd could not be started: ${error.message}`));
  child.on("exit", () => ended = true);
  child.unref();
  await log.close();
  return () => ended;
}

/** Removes a pid file left by a killed process. Returns true, and leaves the file, if that process is alive. */
async function clearStalePid(path: string, program: string): Promise<boolean> {
  const pid = (await readFile(path, "utf8").catch(() => "")).trim();
  if (pid === "") return false;
  const comm = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
  if (comm === program) return true;
  say(`Removing a stale ${path}: process ${pid} is not ${program}`);
  await rm(path, { force: true });
  return false;
}

/** v2 is the plugin of the docker command, v1 the Python program that users of 1.x have. */
export type ComposeVersion = "v2" | "v1";

const composeCommands: Record<ComposeVersion, string[]> = { v2: ["docker", "compose"], v1: ["docker-compose"] };

/** The command that runs Compose: the wanted version, or any that is installed. Installs v2 if there is none. */
export async function ensureCompose(wanted?: ComposeVersion): Promise<string[]> {
  for (const version of wanted ? [wanted] : ["v2", "v1"] as const) {
    if (await composeAnswers(version)) return composeCommands[version];
  }
  const version = wanted ?? "v2";
  if (version === "v1" && await debianVersion() !== "12") {
    say("docker-compose 1.29 is neither installed nor packaged for this system: using v2 instead");
    return ensureCompose("v2");
  }
  await requireDebianRoot(`Compose ${version} is not installed`);
  if (version === "v1") {
    say("Installing Debian's package docker-compose");
    await aptInstall(["docker-compose"]);
  } else await installComposePlugin();
  if (await composeAnswers(version)) return composeCommands[version];
  throw new OperatorError({
    what: `Compose ${version} was installed but does not run`,
    fix: `try \`${composeCommands[version].join(" ")} version\` by hand`,
  });
}

async function composeAnswers(version: ComposeVersion): Promise<boolean> {
  const result = await attempt([...composeCommands[version], "version", "--short"], { timeoutMs: 30_000 }).catch(() =>
    null
  );
  return result?.code === 0 && result.stdout.trim().replace(/^v/, "").startsWith(version === "v2" ? "2" : "1");
}

/** trixie's docker-compose and docker-buildx depend on libc only, so they can be unpacked as plugins of the docker command. */
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

/** Ensures the image of a suite of Debian: pulls it, or makes it. The engine answers already. */
export async function ensureDebianImage(suite: string, name: string): Promise<void> {
  if ((await attempt(["docker", "image", "inspect", name], { timeoutMs: 30_000 })).code === 0) return;
  say(`Pulling ${name}`);
  if ((await attempt(["docker", "pull", name], { timeoutMs: 60_000 })).code === 0) return;
  await requireDebianRoot(`${name} could not be pulled from a registry`);
  say(`${name} could not be pulled: making it from Debian's packages (about a minute)`);
  await bootstrapBaseImage(suite, name);
}

if (import.meta.main) {
  await task(async () => {
    optionsOf({});
    await ensureEngine();
    const compose = await ensureCompose();
    say(`A Docker engine answers, ${baseImage} is present, and \`${compose.join(" ")}\` runs.`);
  });
}
