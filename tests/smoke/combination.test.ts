// Promise of every combination of versions (docs/images.md): three nodes, pgpool and barman start; the primary is killed under a
// writer, and comes back as a standby; a backup is taken and restored; there are metrics; no acknowledged write is missing.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { hasFeature } from "../../config/postgres-features.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { readVersions } from "../../tools/images.ts";
import { type Combination, defaultOf, imagesOf } from "../../tools/matrix.ts";
import { askCopy, endCopy, received, restore, waitReceiving } from "../support/barman.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { record } from "./record.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { allOf, type Edit, setEnvironment } from "../support/compose-file.ts";
import { exec, logsOf } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger, withoutTail } from "../support/ledger-report.ts";
import { wholeMs } from "../support/waits.ts";

const versions = await readVersions();
const suite = process.env.POSTDOCK_TEST_SUITE || defaultOf(versions).suite;
const combination = versions.combinations.find((c) => c.suite === suite)!;
const services = [...firstLevel, "pgpool", "backup"] as const;

/** The services with the images of the combination, or of POSTDOCK_TAG, and a pool of three. */
const inImages: Edit = (file) => {
  if (process.env.POSTDOCK_TAG) return;
  const [postgres, pgpool, barman] = imagesOf(versions, combination).map(({ names }) => names[0]!);
  for (const [name, service] of Object.entries(file.services)) {
    service.image = name === "pgpool" ? pgpool : name === "backup" ? barman : postgres;
  }
};
const smallPool: Edit = (file) => {
  setEnvironment(file, "pgpool", { BACKENDS: firstLevel.map((name, i) => `${i}:${name}::::`).join(",") });
};

/** As docs/images.md advises where libpq cannot ask for SCRAM. */
const encrypted: Edit = (file) => {
  if (hasFeature(combination, "require_auth")) return;
  for (const service of services) setEnvironment(file, service, { TLS: "auto" });
};

/** What each component says that it is. */
async function saidVersions(cluster: Cluster): Promise<Record<keyof Combination, string>> {
  const first = async (service: string, argv: string[]) => (await exec(await cluster.container(service), argv)).trim();
  const number = (text: string) => /\d+(\.\d+)+/.exec(text)?.[0] ?? text;
  return {
    suite,
    postgres: number(await first("pgmaster", ["postgres", "--version"])),
    repmgr: number(await first("pgmaster", ["/usr/bin/repmgr", "--version"])),
    // it writes its version to its log
    pgpool: number(await first("pgpool", ["sh", "-c", "pgpool --version 2>&1"])),
    barman: number(await first("backup", ["barman", "--version"])),
  };
}

/** Waits until a service has metrics of these forms, and every source of them has been read. */
async function waitMetrics(cluster: Cluster, service: string, forms: readonly RegExp[]): Promise<void> {
  const container = await cluster.container(service);
  let last: string[] = [];
  const all = async () => {
    const text = await exec(container, ["postdock", "metrics"]);
    const failed = text.match(/^pg_scrape_collector_success\{.*\} 0$|^pg_exporter_last_scrape_error 1$/gm) ?? [];
    last = [...failed, ...forms.filter((form) => !form.test(text)).map(String)];
    return last.length === 0;
  };
  const wait = { what: `metrics of ${service}`, deadlineMs: 60_000, everyMs: 2_000, why: () => last.join(", ") };
  await waitUntil(all, wait, { clock: systemClock });
}

/** What a server or a program says to what is of another version. */
const misunderstood =
  /(column|function|relation|role|parameter|option|extension) "?[\w. ()]+"? (does not exist|is not|unknown)|unrecognized|invalid (connection|configuration|command-line|command line) option|syntax error|unknown line/i;

async function assertUnderstood(cluster: Cluster): Promise<void> {
  for (const service of services) {
    const lines = (await logsOf(await cluster.container(service))).split("\n");
    assert.deepEqual(lines.filter((line) => misunderstood.test(line)), [], service);
  }
}

test(`${suite}: starts, replaces a killed primary, backs up, restores and measures`, async () => {
  await using cluster = await ownCluster({ name: `smoke-${suite}`, edit: allOf(inImages, smallPool, encrypted) });
  await cluster.up(services);
  const old = await cluster.waitWhole(startMs, firstLevel);
  await cluster.waitLease(firstLevel);
  await cluster.waitPool(firstLevel);
  for (const [part, version] of Object.entries(await saidVersions(cluster))) {
    const listed = combination[part as keyof Combination];
    assert.ok(version === listed || version.startsWith(`${listed}.`), `${part} is ${version}, ${listed} is listed`);
  }

  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);
  const killedMs = systemClock.nowMs();
  await cluster.kill(old);
  await ledger.writes(40);
  const primary = await cluster.waitWhole(wholeMs, firstLevel.filter((s) => s !== old));
  await cluster.start(old);
  await cluster.waitWhole(wholeMs, firstLevel);
  await cluster.waitPool(firstLevel);
  const resumedMs = systemClock.nowMs();

  const backup = await cluster.container("backup");
  await waitReceiving(cluster, primary);
  const said = await exec(backup, ["postdock", "barman", "backup"], 300_000);
  assert.match(said, /Backup \d{8}T\d{6} is complete/);
  await ledger.writes(20);
  await ledger.stop();
  await received(cluster, primary);
  const restored = await restore(backup, "--into", "/tmp/copy", "--start", "--yes");
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  const present = new Set((await askCopy(backup, "/tmp/copy", ledger.selectRows)).split("\n").map(Number));
  const promised = [...ledger.acknowledgedAt].filter(([, atMs]) => atMs > resumedMs).map(([id]) => id);
  assert.ok(promised.length >= 20);
  assert.deepEqual(promised.filter((id) => !present.has(id)), [], "missing in the restored copy");
  await endCopy(backup, "/tmp/copy");
  const verified = await exec(backup, ["postdock", "barman", "verify"], 300_000);
  assert.match(verified, /was restored and checked/);

  await waitMetrics(cluster, primary, [
    /^pg_stat_bgwriter_checkpoints_timed_total /m,
    /^pg_stat_database_xact_commit\{/m,
    /^pg_replication_slots_active\{/m,
  ]);
  await waitMetrics(cluster, "pgpool", [/^pgpool2_pool_nodes_select_cnt\{/m]);
  await waitMetrics(cluster, "backup", [
    /^barman_last_backup_size_bytes\S* [1-9]/m,
    /^barman_last_backup_duration_copy_seconds\S* \d/m,
  ]);

  if (process.env.POSTDOCK_TEST_RECORD === "1") {
    await record(suite, {
      primary: await cluster.container(primary),
      pgpool: await cluster.container("pgpool"),
      backup,
    });
  }
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(primary))! });
  const kept = withoutTail(report, ledger.acknowledgedAt, [killedMs]);
  assertLedger(`${suite}: killed container`, kept, { atLeast: 100, gapMs: wholeMs });
  await assertUnderstood(cluster);
});
