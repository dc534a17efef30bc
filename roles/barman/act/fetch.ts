// Brings a backup and the WAL after it back from the object store, into barman's own layout. A backup becomes one of barman's
// only once it is whole, so an interrupted run leaves nothing that looks like one, and another run begins anew.
import type { BarmanConfig } from "../../../config/barman.ts";
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import { diskSpace, ensureDirectory, exists, listDirectory, remove, writeAtomic } from "../../../core/runtime/files.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { secondsText, sizeText } from "../../../core/words/amounts.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { foreignStore, type StoredBackup } from "../decide/cloud.ts";
import { planFetch, tablespacesOf, type Wanted, withChildren } from "../decide/fetch.ts";
import { rebuildWalRecord } from "../tools/barman-cli.ts";
import { fetchBackup, getFiles, listStore } from "../tools/cloud-cli.ts";
import {
  backupDirectory,
  cloudDirectory,
  metaDirectory,
  serverHome,
  streamingDirectory,
  walDirectory,
} from "../text/places.ts";
import { listArchived, readBackups } from "./archive.ts";
import { findRecord, newRecordPath, readRecord } from "./records.ts";
import { readIdentity, writeIdentity } from "./identity.ts";
import { planRestore } from "./plan-restore.ts";

/** Objects for one process. */
const atOnce = 64;
const checkMs = 12 * 3_600_000;
const owner = postgresAccount;

export interface FetchDeps {
  config: BarmanConfig;
  clock: Clock;
  say: (line: string) => void;
}

/** What was brought back. */
export interface Fetched {
  backup: string;
  walFiles: number;
  tookMs: number;
}

/** Throws OperatorError if it cannot be brought back, or is not whole. What was here before is never changed. */
export async function fetchFromStore(wanted: Wanted, { config, clock, say }: FetchDeps): Promise<Fetched> {
  if (config.cloudUrl === "") {
    throw refused("There is no object store", "CLOUD_BACKUP_URL is not set", "set it to the bucket of the backups");
  }
  const since = clock.nowMs();
  const store = await listStore(config);
  const foreign = foreignStore(store, await readIdentity(config));
  if (foreign !== null) {
    throw refused(
      `Nothing is fetched from ${config.cloudUrl}`,
      foreign,
      "start this container with an empty BACKUP_DIR",
    );
  }
  const here = new Set([...await listArchived(config), ...await listDirectory(streamingDirectory(config))]);
  const plan = planFetch(store, wanted, here);
  if ("refused" in plan) throw refused("Nothing can be fetched", plan.refused.because, plan.refused.fix);
  const { backup, chain, wals } = plan;
  const { id } = backup.record;
  await checkRoom(chain, wals.reduce((sum, w) => sum + w.bytes, 0), config);
  for (const part of [serverHome, walDirectory, metaDirectory, cloudDirectory]) {
    await ensureDirectory(part(config), { mode: 0o700, owner });
  }
  const ids = chain.map((b) => b.record.id);
  say(`Fetching backup ${ids.join(", ")} and ${wals.length} WAL files from ${config.cloudUrl} …`);
  const missing: StoredBackup[] = [];
  for (const each of chain) {
    if (await isHere(each.record.id, config)) say(`  backup ${each.record.id} is here already`);
    else missing.push(each);
  }
  for (const each of missing) await bringBackup(each, config, say);
  for (let i = 0; i < wals.length; i += atOnce) {
    const { trouble } = await getFiles(config, wals.slice(i, i + atOnce).map((w) => w.key));
    if (trouble !== null) throw trouble;
    if (i > 0) say(`  ${i} of ${wals.length} WAL files are here`);
  }
  if (await readIdentity(config) === null && store.identity !== null) await writeIdentity(store.identity, config);
  await writeRecords(missing, config);
  await rebuildWalRecord(config.serverName);
  const checked = await planRestore(
    { target: { kind: "immediate" }, backup: id, timeline: backup.record.timeline },
    config,
    clock.wallMs(),
  );
  if ("refused" in checked) {
    throw refused(
      `Backup ${id} cannot be restored`,
      checked.refused.because,
      "fetch another one: postdock barman list",
    );
  }
  const tookMs = Math.round(clock.nowMs() - since);
  say(`Backup ${id} and its WAL are here after ${secondsText(tookMs)}`);
  return { backup: id, walFiles: wals.length, tookMs };
}

/** barman's records of what was brought. A record also names the backups that build on it: those that are here, and no others. */
async function writeRecords(brought: readonly StoredBackup[], config: BarmanConfig): Promise<void> {
  const { backups: local } = await readBackups(config);
  const all = [...local, ...brought.map((b) => b.record)];
  const childrenOf = (id: string) => all.filter((b) => b.parent === id).map((b) => b.id);
  const parents = new Set(brought.map((b) => b.record.parent));
  for (const { id } of local.filter((b) => parents.has(b.id))) {
    const text = await readRecord(config, id);
    if (text !== null) await writeRecord(id, withChildren(text, childrenOf(id)), config);
  }
  for (const { info, record: { id } } of brought) await writeRecord(id, withChildren(info, childrenOf(id)), config);
}

async function writeRecord(id: string, text: string, config: BarmanConfig): Promise<void> {
  await writeAtomic(await findRecord(config, id) ?? newRecordPath(config, id), text, { mode: 0o600, owner });
}

const isHere = async (id: string, config: BarmanConfig) => await findRecord(config, id) !== null;

async function bringBackup(
  { info, record: { id } }: StoredBackup,
  config: BarmanConfig,
  say: (line: string) => void,
): Promise<void> {
  const directory = backupDirectory(config, id);
  if (await exists(directory)) say(`  removing ${directory}, which an interrupted fetch left`);
  await remove(directory);
  await ensureDirectory(directory.slice(0, directory.lastIndexOf("/")), { mode: 0o700, owner });
  await ensureDirectory(directory, { mode: 0o700, owner });
  await fetchBackup(config, id, tablespacesOf(info));
  say(`  backup ${id} is here; its files are compared with its manifest`);
  const verify = ["pg_verifybackup", "--no-parse-wal", "--quiet", `${directory}/data`];
  if (await exists(`${directory}/data/backup_manifest`)) await run(verify, { as: owner, timeoutMs: checkMs });
  await run(["sync", "-f", directory], { as: owner, timeoutMs: checkMs });
}

async function checkRoom(chain: readonly StoredBackup[], walBytes: number, config: BarmanConfig): Promise<void> {
  const needed = chain.reduce((sum, b) => sum + (b.record.sizeBytes ?? b.bytes), walBytes);
  const { freeBytes } = await diskSpace(config.backupDir);
  if (freeBytes >= needed) return;
  throw refused(
    `There is no room in ${config.backupDir}`,
    `backup ${chain.at(-1)?.record.id} and its WAL need ${sizeText(needed)}, but only ${sizeText(freeBytes)} is free`,
    "make the volume larger",
  );
}

function refused(what: string, why: string, fix: string): OperatorError {
  return new OperatorError({ what, why, fix, exitCode: ExitCode.refused });
}
