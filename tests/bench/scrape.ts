// What a scrape of a node costs, beside Debian's postgres_exporter that reads the same server in the same minute.
import { defaultHttpPort } from "../../config/http-port.ts";
import { systemClock } from "../../core/runtime/time.ts";
import type { Cluster } from "../support/cluster.ts";
import { exec } from "../support/docker.ts";
import { ensureStockExporter, textOf, withStockExporter } from "../support/stock-exporter.ts";
import { median } from "./cost.ts";

/** Of one program: a scrape in milliseconds and bytes, its resident memory and that with a fair share of mapped pages, MB. */
export interface Scraped {
  p50Ms: number;
  p99Ms: number;
  bytes: number;
  series: number;
  residentMb: number;
  ownMb: number;
}

export interface ScrapeCost {
  ours: Scraped;
  exporter: Scraped;
}

const warmUps = 20;
const scrapes = 300;

/** Scrapes both in turn, after a few scrapes that do not count. */
export async function measureScrapes(cluster: Cluster, node: string): Promise<ScrapeCost> {
  await ensureStockExporter();
  const own = `http://${await cluster.address(node)}:${defaultHttpPort}/metrics`;
  return await withStockExporter(cluster, node, async ({ container, url }) => {
    const times: [ours: number[], exporter: number[]] = [[], []];
    let texts = ["", ""];
    for (let i = -warmUps; i < scrapes; i++) {
      const [ours, exporter] = [await timed(own), await timed(url)];
      if (i >= 0) [ours, exporter].forEach(({ ms }, which) => times[which]!.push(ms));
      texts = [ours.text, exporter.text];
    }
    const agent = await memoryOf(await cluster.container(node), "^[^ ]*postdock postgres-node entrypoint");
    return {
      ours: { ...summary(times[0], texts[0]!), ...agent },
      exporter: { ...summary(times[1], texts[1]!), ...await memoryOf(container, "^prometheus-postgres-exporter") },
    };
  });
}

async function timed(url: string): Promise<{ ms: number; text: string }> {
  const from = systemClock.nowMs();
  const text = await textOf(url);
  return { ms: systemClock.nowMs() - from, text };
}

function summary(times: readonly number[], text: string) {
  const p99Ms = times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? NaN;
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  return { p50Ms: median(times), p99Ms, bytes: text.length, series };
}

/** Memory of the process in a container whose command line is like this. */
async function memoryOf(container: string, like: string): Promise<Pick<Scraped, "residentMb" | "ownMb">> {
  // root in a container may not read another account's
  const script = `pid=$(pgrep -of '${like}'); owner=$(stat -c %u /proc/$pid)
    as() { if test $owner = $(id -u); then "$@"; else setpriv --reuid $owner --regid $owner --clear-groups "$@"; fi; }
    as awk '/^(Rss|Pss):/ {print $2}' /proc/$pid/smaps_rollup`;
  const [resident = NaN, own = NaN] = (await exec(container, ["bash", "-c", script])).trim().split("\n").map(Number);
  return { residentMb: resident / 1024, ownMb: own / 1024 };
}

/** One line for the terminal. */
export function scrapeText({ ours, exporter }: ScrapeCost): string {
  const of = (s: Scraped) =>
    `${s.p50Ms.toFixed(1)} ms (p99 ${s.p99Ms.toFixed(1)}), ${s.series} series, ${(s.bytes / 1024).toFixed(0)} kB, ` +
    `${s.residentMb.toFixed(0)} MB resident (${s.ownMb.toFixed(0)} MB its own)`;
  const ratio = (key: "p50Ms" | "p99Ms" | "residentMb") => (exporter[key] / ours[key]).toFixed(2);
  return `agent ${of(ours)}; postgres_exporter ${of(exporter)}; it takes ${ratio("p50Ms")} times as long (p99 ` +
    `${ratio("p99Ms")}) and ${ratio("residentMb")} times the memory of the whole agent`;
}
