// The postgres_exporter of Debian beside a node, with which its metrics are compared.
import { join } from "node:path";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureMonitoring } from "../../tools/images.ts";
import { root } from "../../tools/terminal.ts";
import type { Cluster, Service } from "./cluster.ts";
import { addressOf, docker } from "./docker.ts";

const image = "postdock-test/stock-exporter";

export interface StockExporter {
  container: string;
  /** where it shows its metrics */
  url: string;
}

/** Builds its image. */
export async function ensureStockExporter(): Promise<void> {
  await ensureMonitoring();
  await docker(["build", "--quiet", "--tag", image, join(root, "tests/support/stock-exporter")], 300_000);
}

/** Runs one in the network of a node, as long as `use` does. */
export async function withStockExporter<T>(
  cluster: Cluster,
  node: Service,
  use: (exporter: StockExporter) => Promise<T>,
): Promise<T> {
  const container = `${await cluster.container(node)}-exporter`;
  const source = `DATA_SOURCE_NAME=postgresql://monkey_user:monkey_pass@${node}:5432/monkey_db?sslmode=disable`;
  const network = await cluster.network();
  await docker(["run", "--rm", "-d", "--name", container, "--network", network, "-e", source, image]);
  try {
    const url = `http://${await addressOf(container)}:9187/metrics`;
    const up = async () => /^pg_up 1$/m.test(await textOf(url).catch(() => ""));
    await waitUntil(up, { what: "postgres_exporter", deadlineMs: 20_000 }, { clock: systemClock });
    return await use({ container, url });
  } finally {
    await docker(["rm", "-f", container]);
  }
}

/** What is shown at an address of metrics. */
export async function textOf(url: string): Promise<string> {
  return await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text();
}
