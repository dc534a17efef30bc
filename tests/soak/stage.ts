// The cluster of a soak: its form, its disks, and the variables that acts change.
import { say } from "../../tools/terminal.ts";
import { type Disk, dropDisks, emptyDisk, makeDisks, onDisks } from "../chaos/disks.ts";
import { Cluster } from "../support/cluster.ts";
import { allOf, type Edit, nodesOf, serviceOf, setEnvironment } from "../support/compose-file.ts";
import { docker } from "../support/docker.ts";
import { onNodes, withVolume } from "../support/variants.ts";
import type { FormKind } from "./plan.ts";

/** Where the tablespace of an act is, on a volume of each node. */
export const space = "/spaces/soak";

/** The least that the documentation asks for: docs/architecture.md. */
const hardened: Edit = (file) => {
  for (const node of nodesOf(file)) {
    const service = serviceOf(file, node);
    service.cap_drop = ["ALL"];
    service.cap_add = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "SYS_CHROOT"];
    service.security_opt = ["no-new-privileges:true"];
  }
};

const forms: Readonly<Record<FormKind, Edit | null>> = {
  "plain": null,
  "large-wal-files": onNodes({ POSTGRES_INITDB_ARGS: "--wal-segsize=64" }),
  "icu": onNodes({ POSTGRES_INITDB_ARGS: "--locale-provider=icu --icu-locale=de-DE" }),
  "small-disks": null,
  "hardened": hardened,
};

/** What acts change; undefined: as in the example. */
interface Changed {
  connections?: number;
  password?: string;
}

export class Stage {
  private constructor(
    readonly cluster: Cluster,
    readonly form: FormKind,
    private readonly disks: readonly Disk[],
    private changed: Changed,
  ) {}

  static async open(form: FormKind): Promise<Stage> {
    // a run that was cut off has its disks mounted still
    await (await Cluster.prepare({ name: "soak", edit: editOf(form, [], {}) })).down();
    const disks = await makeDisks(form === "small-disks" ? "700M" : "1500M");
    if (form === "small-disks" && disks.length === 0) say("this run is on the machine's disk instead of small ones");
    const cluster = await Cluster.prepare({ name: "soak", edit: editOf(form, disks, {}) });
    return new Stage(cluster, form, disks, {});
  }

  get hasDisks(): boolean {
    return this.disks.length > 0;
  }

  get connections(): number {
    return this.changed.connections ?? 100;
  }

  /** Writes changed variables into the Compose file; containers have them once they are made again. */
  async change(changes: Changed): Promise<void> {
    this.changed = { ...this.changed, ...changes };
    await Cluster.prepare({ name: "soak", edit: editOf(this.form, this.disks, this.changed) });
  }

  /** Makes the containers of these services again, all at once, as their file says now. Their volumes stay. */
  async remake(services: readonly string[]): Promise<void> {
    await this.cluster.composeRun(["up", "-d", "--no-deps", ...services], 180_000);
  }

  /** The service starts again with an empty volume. */
  async wipe(service: string): Promise<void> {
    const disk = this.disks.find((d) => d.service === service);
    if (!disk) return await this.cluster.wipe(service);
    await docker(["rm", "--force", "--volumes", await this.cluster.container(service)]);
    await emptyDisk(disk.device);
    await this.cluster.up([service]);
  }

  async close(): Promise<void> {
    await this.cluster.down();
    await dropDisks(this.disks);
  }
}

function editOf(form: FormKind, disks: readonly Disk[], { connections, password }: Changed): Edit {
  const settings: Edit = (file) => {
    for (const node of nodesOf(file)) {
      const own = serviceOf(file, node).environment?.CONFIGS;
      setEnvironment(file, node, { CONFIGS: [own, `max_connections:${connections}`].filter(Boolean).join(",") });
    }
  };
  const passwords = (replication: string): Edit => (file) => {
    const having = Object.keys(file.services).filter((s) => file.services[s]!.environment?.REPLICATION_PASSWORD);
    for (const name of having) setEnvironment(file, name, { REPLICATION_PASSWORD: replication });
  };
  const changes = [connections === undefined ? null : settings, password === undefined ? null : passwords(password)];
  return allOf(forms[form], onDisks(disks), withVolume(space), ...changes);
}
