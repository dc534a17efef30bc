// compose/swarm.yml as a stack of this engine, with names of its own: what a scenario asks of it and does to it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AnyStatus } from "../../core/protocol/status.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { patientLeaseSeconds } from "../../tools/scenario-order.ts";
import { execute, root } from "../../tools/terminal.ts";
import { executable, prefix } from "./cluster.ts";
import { allOf, parseCompose, renderCompose } from "./compose-file.ts";
import { docker } from "./docker.ts";
import type { Json } from "./kubernetes-objects.ts";
import type { Target } from "./ledger.ts";
import { asNode, statusAt } from "./status-of.ts";
import { addressesOfTasks } from "./swarm.ts";
import { onNodes, withMode } from "./variants.ts";
import { wholeMs } from "./waits.ts";
import { describe, poolServes, primaryOfWhole } from "./whole.ts";

const deps = { clock: systemClock };
export const nodes = ["pg1", "pg2", "pg3"] as const;
/** How many tasks each service has. */
const replicas: Readonly<Record<string, number>> = { pg1: 1, pg2: 1, pg3: 1, pgpool: 2, backup: 1 };

/** A running task. */
export interface Task {
  service: string;
  container: string;
  /** by which this machine reaches it */
  address: string | null;
}

export class Stack {
  readonly name = `${prefix}-swarm`;
  private turn = 0;

  private constructor(private readonly file: string, readonly password: string) {}

  /**
   * Writes the file: strict mode, in which nothing acknowledged may be lost; a lease for a busy machine; another name for what a
   * swarm has once; any port of the machine instead of 5432.
   */
  static async prepare(password: string): Promise<Stack> {
    const file = parseCompose(await readFile(join(root, "compose", "swarm.yml"), "utf8"));
    allOf(withMode("strict"), onNodes({ LEASE_TTL: patientLeaseSeconds }))(file);
    const { services, secrets, configs } = file as unknown as Json;
    delete services.pgpool.ports[0].published;
    configs.settings.file = join(root, "compose", configs.settings.file);
    for (const entry of [...Object.values<Json>(secrets), configs.settings]) entry.name = `${prefix}-${entry.name}`;
    const mount = { type: "bind", source: executable, target: "/usr/local/bin/postdock", read_only: true };
    for (const { volumes } of Object.values<Json>(services)) {
      if (executable) volumes.splice(volumes.findLastIndex((v: Json) => v.type === "tmpfs") + 1, 0, mount);
    }
    const directory = join(root, "tests", ".work");
    await mkdir(directory, { recursive: true });
    const path = join(directory, "swarm.yml");
    await writeFile(path, renderCompose(file));
    return new Stack(path, password);
  }

  /** `docker secret create`, with the name that the stack has for it. */
  async secret(name: string, version: number, value: string): Promise<string> {
    const full = `${prefix}-postdock_${name}_${version}`;
    await execute(["docker", "secret", "create", full, "-"], { timeoutMs: 30_000, input: value });
    return full;
  }

  /** `docker stack deploy`. `env`: what the file takes from the environment. */
  async deploy(env: Record<string, string> = {}): Promise<void> {
    const argv = ["docker", "stack", "deploy", "--resolve-image", "never", "-c", this.file, this.name];
    await execute(argv, { timeoutMs: 60_000, env });
  }

  /** `docker stack rm`, and the end of all its containers. */
  async remove(): Promise<void> {
    await docker(["stack", "rm", this.name]);
    await this.counted({});
  }

  /** `docker service update` of a service of the stack; it does not wait. */
  async update(service: string, ...flags: string[]): Promise<void> {
    await docker(["service", "update", "--detach", ...flags, `${this.name}_${service}`]);
  }

  /** What each service's tasks are made from: a change of it replaces them. */
  async templates(): Promise<Json[]> {
    const names = Object.keys(replicas).map((service) => `${this.name}_${service}`);
    const list = await docker(["service", "inspect", ...names, "--format", "{{json .Spec.TaskTemplate}}"]);
    return list.trim().split("\n").map((line) => JSON.parse(line));
  }

  /** Removes the containers of a service that have ended: Swarm keeps a few of them, and with them their volume. */
  async forgetEnded(service: string): Promise<void> {
    const filters = [`label=com.docker.swarm.service.name=${this.name}_${service}`, "status=exited"];
    const ended = await docker(["ps", "--all", "--quiet", ...filters.flatMap((f) => ["--filter", f])]);
    for (const id of ended.split("\n").filter(Boolean)) await docker(["rm", id]);
  }

  /** The same, and waits until every task of it is another one. */
  async replace(service: string, ...flags: string[]): Promise<void> {
    const before = await this.tasks(service);
    await this.update(service, ...flags);
    await this.replaced(service, before);
  }

  /** Waits until all tasks of a service are others than before. */
  async replaced(service: string, before: readonly Task[]): Promise<void> {
    const old = before.map((task) => task.container);
    const areOthers = async () => {
      const now = (await this.tasks(service)).map((task) => task.container);
      return now.length === replicas[service] && !now.some((container) => old.includes(container));
    };
    await waitUntil(areOthers, { what: `other tasks of ${service}`, deadlineMs: 2 * wholeMs }, deps);
  }

  /** Waits until each service has so many running containers; one that is not named has none. */
  async counted(wanted: Readonly<Record<string, number>>): Promise<void> {
    let last = "";
    const isSo = async () => {
      const tasks = await this.tasks();
      const counts = Object.keys(replicas).map((s) => [s, tasks.filter((t) => t.service === s).length] as const);
      last = counts.map(([service, count]) => `${service} ${count}`).join(", ");
      return counts.every(([service, count]) => count === (wanted[service] ?? 0));
    };
    await waitUntil(isSo, { what: "the tasks", deadlineMs: wholeMs, why: () => last }, deps);
  }

  /** The running tasks. */
  async tasks(service?: string): Promise<Task[]> {
    const name = '{{.Label "com.docker.swarm.service.name"}}';
    const filter = `label=com.docker.stack.namespace=${this.name}`;
    const list = await docker(["ps", "--no-trunc", "--filter", filter, "--format", `{{.ID}} ${name}`]);
    const addresses = await addressesOfTasks();
    const all = list.split("\n").filter(Boolean).map((line) => {
      const [container = "", full = ""] = line.split(" ");
      return { service: full.slice(this.name.length + 1), container, address: addresses.get(container) ?? null };
    });
    return service === undefined ? all : all.filter((task) => task.service === service);
  }

  /** The one task of a service. */
  async task(service: string): Promise<Task> {
    const [task, other] = await this.tasks(service);
    if (task === undefined || other !== undefined) throw new Error(`${service} has not one task`);
    return task;
  }

  /**
   * Waits until one node is the primary and the others stream from it, the lease is in force, both pgpools serve all of them and
   * barman receives. Returns the primary.
   */
  async whole(deadlineMs = 2 * wholeMs): Promise<string> {
    let last = "nothing seen";
    const look = async () => {
      const tasks = await this.tasks();
      const all = await Promise.all(tasks.map(async (task) => ({ ...task, status: await statusOf(task) })));
      const seen = all.filter((a) => nodes.some((n) => n === a.service)).map((a) => ({
        ...a,
        status: asNode(a.status),
      }));
      const primary = seen.length === nodes.length ? primaryOfWhole(seen) : null;
      const lacking = all.filter((a) => a.status === null || !isInPlace(a.status, primary)).map((a) => a.service);
      last = `${seen.map((s) => `${s.service}: ${describe(s.status)}`).join("; ")}; not in place: ${lacking}`;
      return all.length === total && lacking.length === 0 ? primary : null;
    };
    return await waitUntil(look, { what: "a whole stack", deadlineMs, why: () => last }, deps);
  }

  /** A pgpool, the next one at each call: clients of the service get one or the other. */
  async entry(): Promise<string | null> {
    const pools = (await this.tasks("pgpool")).flatMap((task) => task.address ?? []);
    return pools[this.turn++ % pools.length] ?? null;
  }

  /** How applications log in at an address. */
  target(host: string): Target {
    return { host, user: "app", password: this.password, database: "app" };
  }
}

const total = Object.values(replicas).reduce((sum, count) => sum + count, 0);

const statusOf = ({ address, service }: Task): Promise<AnyStatus | null> => statusAt(address, service);

/** What is left to be so of a container once the nodes have this primary. */
function isInPlace(status: AnyStatus, primary: string | null): boolean {
  if (status.component === "pgpool") return status.primary === primary && poolServes(status, nodes);
  if (status.component === "barman") return status.receiving && status.primary === primary;
  return status.lease.mode === "on";
}
