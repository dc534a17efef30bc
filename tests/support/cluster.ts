// A cluster for scenarios: the services of compose/latest.yml under a project of their own, without published ports.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type AnyStatus, type NodeStatus } from "../../core/protocol/status.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type ComposeVersion, ensureCompose } from "../../tools/engine.ts";
import { ensureSshKeys } from "../../tools/ssh-keys.ts";
import { attempt, execute, root } from "../../tools/terminal.ts";
import { type ComposeFile, type Edit, parseCompose, renderCompose } from "./compose-file.ts";
import { type Containers, containersOf, docker } from "./docker.ts";
import { asNode, statusAt } from "./status-of.ts";
import { successionMs, wholeMs } from "./waits.ts";
import { describe, poolServes, primaryOfWhole } from "./whole.ts";

const deps = { clock: systemClock };

/** Stands before the names of everything a scenario makes. */
export const prefix = process.env.POSTDOCK_TEST_PREFIX || "pdtest";

/** If given, this executable runs in every container instead of the image's. */
export const executable = process.env.POSTDOCK_TEST_EXECUTABLE;
/** Mounts another executable over the image's. */
export const executableAt = (path: string): string => `${path}:/usr/local/bin/postdock:ro`;
const executableVolume = executableAt(`${executable}`);
const hasExecutable = (volumes: readonly string[]) => volumes.some((v) => v.endsWith(executableAt("")));
/** The same for `docker run`. */
export const executableMount: readonly string[] = executable ? ["-v", executableVolume] : [];

/** LEASE_TTL of every cluster, seconds, unless it has one; empty: the default. */
const leaseSeconds = process.env.POSTDOCK_TEST_LEASE_TTL;

export const nodes = ["pgmaster", "pgslave1", "pgslave2", "pgslave3", "pgslave4"] as const;
export const services = [...nodes, "pgpool", "backup"] as const;
/** The nodes that vote and may lead; the others follow them. */
export const firstLevel = ["pgmaster", "pgslave1", "pgslave3"] as const;
/** The nodes behind pgpool. */
export const pooled = [...firstLevel, "pgslave2"] as const;
export type Service = string;

export interface ClusterOptions {
  /** project name, without the common prefix */
  name: string;
  compose?: ComposeVersion;
  /** changes the Compose file before it is used */
  edit?: Edit;
}

export class Cluster {
  /** Docker's answer within the last second: each question starts two processes, and waits ask often */
  private known: { atMs: number; answer: Promise<Containers> } | null = null;

  private constructor(
    readonly project: string,
    private readonly compose: readonly string[],
    private readonly file: string,
  ) {}

  /** Prepares the Compose file; starts nothing. */
  static async prepare(options: ClusterOptions): Promise<Cluster> {
    const compose = await ensureCompose(options.compose);
    await ensureSshKeys();
    const file = parseCompose(await readFile(join(root, "compose", "latest.yml"), "utf8"));
    options.edit?.(file);
    forTests(file);
    const directory = join(root, "tests", ".work");
    await mkdir(directory, { recursive: true });
    const path = join(directory, `${options.name}.yml`);
    await writeFile(path, renderCompose(file));
    return new Cluster(`${prefix}-${options.name}`, compose, path);
  }

  async composeRun(args: readonly string[], timeoutMs = 120_000): Promise<string> {
    const argv = [...this.compose, "-p", this.project, "-f", this.file, ...args];
    return await execute(argv, { timeoutMs }).finally(() => this.known = null);
  }

  /** Runs docker for what changes a container of this cluster: what was known of it counts no longer. */
  private async change(args: readonly string[], timeoutMs?: number): Promise<void> {
    await docker(args, timeoutMs).finally(() => this.known = null);
  }

  /** `up -d` of some services, all by default. */
  async up(wanted: readonly Service[] = services): Promise<void> {
    await this.composeRun(["up", "-d", "--no-recreate", ...wanted], 180_000);
  }

  /** Removes it with its data, so no server has to stop in order. */
  async down(): Promise<void> {
    await this.composeRun(["down", "--timeout", "0", "--volumes", "--remove-orphans"], 180_000);
  }

  private async containers(): Promise<Containers> {
    const now = systemClock.nowMs();
    if (this.known === null || now - this.known.atMs >= 1_000) {
      this.known = { atMs: now, answer: containersOf(this.project) };
    }
    return await this.known.answer;
  }

  /** The container of a service, found by its labels, since both versions of Compose name it differently. */
  async container(service: Service): Promise<string> {
    const id = (await this.containers()).get(service)?.id;
    if (!id) throw new Error(`No container of ${service} in ${this.project}`);
    return id;
  }

  async address(service: Service): Promise<string | null> {
    return (await this.containers()).get(service)?.address ?? null;
  }

  /** /status of a service, or null if it does not answer. */
  async status(service: Service): Promise<AnyStatus | null> {
    return await statusAt(await this.address(service), service);
  }

  async nodeStatus(service: Service): Promise<NodeStatus | null> {
    return asNode(await this.status(service));
  }

  /** The same once it answers: on a busy machine a single look may be in vain. */
  async answer(service: Service): Promise<NodeStatus> {
    return await waitUntil(() => this.nodeStatus(service), { what: `${service} to answer`, deadlineMs: 30_000 }, deps);
  }

  /** The running service that says it is primary, or null if none does. Throws if more than one does. */
  async primary(among: readonly Service[] = nodes): Promise<Service | null> {
    const look = async () => {
      const seen = await Promise.all(among.map(async (s) => [s, await this.nodeStatus(s).catch(() => null)] as const));
      return seen.filter(([, status]) => status?.postgres.role === "primary").map(([s]) => s);
    };
    let primaries = await look();
    // a late answer tells of a later moment than the others, for example of the one after a hand-over
    if (primaries.length > 1) primaries = await look();
    if (primaries.length > 1) throw new Error(`${primaries.join(" and ")} say at once that they are the primary`);
    return primaries[0] ?? null;
  }

  /** Waits until a node other than the lost one leads, for as long as that may take. */
  async waitSuccessor(of: Service, among: readonly Service[] = nodes, deadlineMs = successionMs): Promise<Service> {
    const others = among.filter((s) => s !== of);
    const what = `another node than ${of} to lead`;
    return await waitUntil(() => this.primary(others), { what, deadlineMs, everyMs: 100 }, deps);
  }

  /** Waits until exactly one node is primary and all others stream from a node of the cluster on its timeline. */
  async waitWhole(deadlineMs = wholeMs, among: readonly Service[] = nodes): Promise<Service> {
    let last = "nothing seen";
    return await waitUntil(
      async () => {
        const seen = await Promise.all(
          among.map(async (s) => ({ service: s, status: await this.nodeStatus(s).catch(() => null) })),
        );
        last = seen.map(({ service, status }) => `${service}: ${describe(status)}`).join("; ");
        return primaryOfWhole(seen);
      },
      { what: "one primary and streaming standbys", deadlineMs, why: () => last },
      deps,
    );
  }

  /** Waits until all these nodes know that the lease is in force: each learns it with its next look. */
  async waitLease(among: readonly Service[]): Promise<void> {
    await this.waitEach(among, "the lease to be in force", ({ lease }) => lease.mode === "on");
  }

  /** Waits until each of these nodes answers with a status for which `holds` is true. */
  async waitEach(
    among: readonly Service[],
    what: string,
    holds: (status: NodeStatus) => boolean,
    deadlineMs = wholeMs,
  ): Promise<void> {
    let missing: readonly Service[] = among;
    const all = async () => {
      const seen = await Promise.all(among.map((s) => this.nodeStatus(s)));
      missing = among.filter((_, i) => !seen[i] || !holds(seen[i]));
      return missing.length === 0;
    };
    const why = () => `not so at ${missing.join(", ")}`;
    await waitUntil(all, { what, deadlineMs, why }, deps);
  }

  /** Waits until pgpool has all these backends attached and writes to the primary. */
  async waitPool(attached: readonly Service[] = pooled, deadlineMs = wholeMs): Promise<void> {
    let last = "nothing seen";
    await waitUntil(
      async () => {
        const status = await this.status("pgpool").catch(() => null);
        if (status?.component !== "pgpool") return false;
        last = status.backends.map((b) => `${b.host} ${b.status} ${b.role}`).join("; ");
        return poolServes(status, attached);
      },
      { what: `pgpool to serve ${attached.join(", ")}`, deadlineMs, why: () => last },
      deps,
    );
  }

  async kill(service: Service, signal = "KILL"): Promise<void> {
    await this.change(["kill", "--signal", signal, await this.container(service)]);
  }

  async start(service: Service): Promise<void> {
    await this.change(["start", await this.container(service)]);
  }

  async stop(service: Service, seconds = 10): Promise<void> {
    await this.change(["stop", "--time", String(seconds), await this.container(service)], (seconds + 20) * 1000);
  }

  /** Freezes a whole container. Docker sometimes fails ("unable to freeze") and succeeds a moment later. */
  async freeze(service: Service): Promise<void> {
    const container = await this.container(service);
    const ask = async () => (await attempt(["docker", "pause", container], { timeoutMs: 30_000 })).code === 0;
    await waitUntil(ask, { what: "the engine to freeze a container", deadlineMs: 60_000 }, deps);
  }

  async thaw(service: Service): Promise<void> {
    await docker(["unpause", await this.container(service)]);
  }

  /** Removes the service's container and its volume, and starts it again empty. */
  async wipe(service: Service): Promise<void> {
    await docker(["rm", "--force", "--volumes", await this.container(service)]);
    await docker(["volume", "rm", `${this.project}_${service}`]);
    await this.up([service]);
  }

  /** Makes a directory of root's in the volume of a service that has no container yet. */
  async makeInVolume(service: Service, directory: string): Promise<void> {
    const volume = ["--volume", `${this.project}_${service}:/volume`, "--entrypoint", "mkdir"];
    await docker(["run", "--rm", ...volume, "postdock/base:2.0", "-m", "700", `/volume/${directory}`]);
  }

  /** A query inside the service's container over the local socket; unaligned rows. */
  async psql(service: Service, sql: string, database = "monkey_db"): Promise<string> {
    const inside = ["exec", "--user", "postgres", await this.container(service)];
    const argv = [...inside, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql];
    return (await docker(argv)).trim();
  }

  async network(): Promise<string> {
    const filter = `label=com.docker.compose.project=${this.project}`;
    return (await docker(["network", "ls", "--quiet", "--filter", filter])).trim().split("\n")[0] ?? "";
  }

  /** Cuts a service off the network and joins it again under its name. */
  async disconnect(service: Service): Promise<void> {
    await this.change(["network", "disconnect", await this.network(), await this.container(service)]);
  }

  async connect(service: Service): Promise<void> {
    const argv = ["network", "connect", "--alias", service, await this.network(), await this.container(service)];
    await this.change(argv);
  }
}

/**
 * The changes of every test cluster: no published ports; sshd in every container; a container starts again only when the scenario
 * says so; keys by their full path; no probe of every container every 3 s, which would take half of a small machine; the executable
 * under test and another lease, if given.
 */
function forTests(file: ComposeFile): void {
  for (const service of Object.values(file.services)) {
    delete service.ports;
    delete service.restart;
    const given = service.environment ?? {};
    const free = (name: string) => !(`${name}_FILE` in given);
    service.environment = { ...given, ...free("SSH_ENABLE") ? { SSH_ENABLE: 1 } : {} };
    if (service.healthcheck?.interval !== undefined) service.healthcheck.interval = "30s";
    const mounts = (service.volumes ?? []).map((v) =>
      v.replace(/^\.\/ssh\/keys:/, `${join(root, "compose/ssh/keys")}:`)
    );
    service.volumes = [...mounts, ...executable && !hasExecutable(mounts) ? [executableVolume] : []];
    const { environment = {} } = service;
    const isNode = "NODE_NAME" in environment || "NODE_NAME_FILE" in environment;
    if (leaseSeconds && isNode && free("LEASE_TTL")) environment.LEASE_TTL ??= leaseSeconds;
  }
}
