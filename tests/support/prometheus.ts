// Prometheus from the image of monitoring/ in the network of a cluster, at a quick pace, for tests.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureMonitoring } from "../../tools/images.ts";
import { attempt, root } from "../../tools/terminal.ts";
import type { Cluster } from "./cluster.ts";
import { addressOf, docker } from "./docker.ts";

export interface Sample {
  metric: Readonly<Record<string, string>>;
  value: number;
}

/** monitoring/prometheus.yml as data, as far as tests change it. */
export interface Configuration {
  global: Record<string, string>;
  alerting?: unknown;
  scrape_configs: { job_name: string; static_configs: { targets: string[]; labels: Record<string, string> }[] }[];
}

/** Changes the configuration in place. */
export type Change = (config: Configuration) => void;

const configured = "/etc/postdock-monitoring";

/** What the Prometheus at an address has for an expression now. Throws what it says of one that it does not take. */
export async function samplesOf(address: string, expr: string): Promise<Sample[]> {
  const url = `http://${address}/api/v1/query?query=${encodeURIComponent(expr)}`;
  const answer = await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).json();
  if (answer.status !== "success") throw new Error(`${expr}: ${answer.error}`);
  const { result } = answer.data as { result: { metric: Sample["metric"]; value: [number, string] }[] };
  return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
}

/** To be bound with `await using`, after the cluster. */
export class Prometheus implements AsyncDisposable {
  private constructor(private readonly container: string, private readonly address: string) {}

  /** Starts it with our configuration and these rules, and waits until it answers. */
  static async start(cluster: Cluster, options: { rules?: string; change?: Change } = {}): Promise<Prometheus> {
    await ensureMonitoring();
    const own = (name: string) => readFile(join(root, "monitoring", name), "utf8");
    const config: Configuration = parse(await own("prometheus.yml"));
    Object.assign(config.global, { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" });
    delete config.alerting;
    options.change?.(config);
    const container = `${cluster.project}-prometheus`;
    const directory = join(root, "tests", ".work", container);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "prometheus.yml"), stringify(config));
    await writeFile(join(directory, "rules.yml"), options.rules ?? await own("rules.yml"));
    await attempt(["docker", "rm", "--force", "--volumes", container], { timeoutMs: 30_000 }); // of an interrupted run
    const volume = ["--volume", `${directory}:${configured}:ro`, "--network", await cluster.network()];
    await docker(["run", "--detach", "--rm", "--name", container, ...volume, "postdock/monitoring:latest"]);
    const prometheus = new Prometheus(container, (await addressOf(container)) ?? "");
    try {
      const answers = async () => (await prometheus.query("vector(1)").catch(() => [])).length === 1;
      await waitUntil(answers, { what: "Prometheus to answer", deadlineMs: 30_000 }, { clock: systemClock });
      return prometheus;
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The series of an expression now. */
  query(expr: string): Promise<Sample[]> {
    return samplesOf(`${this.address}:9090`, expr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker(["rm", "--force", "--volumes", this.container]);
  }
}
