// Finds out which node a base backup is copied from, and watches the one that was chosen.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { errorText } from "../../../core/words/errors.ts";
import { segmentBytes as usualSegmentBytes } from "../../../core/postgres/wal-name.ts";
import type { BarmanConfig } from "../../../config/barman.ts";
import {
  type BackupSource,
  decideSource,
  type NodeSeen,
  type PrimarySeen,
  whyLost,
  whyPrimary,
} from "../decide/backup-source.ts";
import { newestOf } from "../decide/restore-plan.ts";
import { chainTo, unbrokenSince } from "../decide/wal-chain.ts";
import { renderStandbyConf, standbyConfPath } from "../text/barman-conf.ts";
import { loginTo } from "../tools/login.ts";
import { readHistory, readPrimaryWal, readStandby, visit } from "../tools/queries.ts";
import { readSources } from "./archive.ts";

const lookMs = 5_000;
const lookEveryMs = 5_000;
/** So many looks in a row have to find a standby silent, or without a stream, before its backup is ended. */
const mostMisses = 3;

/** What a choice is made from. `failure`: why the last attempt, with a standby, failed. */
export interface Choice {
  config: BarmanConfig;
  primary: string;
  hosts: readonly string[];
  failure: string | null;
}

/** Chooses where a base backup is copied from. What cannot be seen speaks for the primary. */
export async function chooseSource({ config, primary, hosts, failure }: Choice): Promise<BackupSource> {
  const fromPrimary = (because: string): BackupSource => ({ host: primary, role: "primary", because });
  const settled = whyPrimary(config.backupFrom, failure);
  if (settled !== null) return fromPrimary(settled);
  try {
    const [seen, nodes, { archive }] = await Promise.all([
      lookAtPrimary(primary, config),
      Promise.all(hosts.filter((host) => host !== primary).map((host) => lookAt(host, config))),
      readSources(config),
    ]);
    const chain = chainTo(seen.timeline, archive);
    const newest = chain === null ? null : newestOf(chain, archive);
    const walSince = chain === null || newest === null ? null : unbrokenSince(newest, chain);
    return decideSource({ primary: seen, nodes, walSince, segmentBytes: seen.segmentBytes });
  } catch (error) {
    return fromPrimary(`the standbys could not be compared with it: ${errorText(error)}`);
  }
}

async function lookAtPrimary(host: string, config: BarmanConfig): Promise<PrimarySeen & { segmentBytes: number }> {
  return await visit(loginTo(host, config), lookMs, async (sql) => {
    const { timeline, lsn, segmentBytes = usualSegmentBytes, systemIdentifier } = await readPrimaryWal(sql);
    if (timeline === null || lsn === null) throw new Error(`${host} is not a primary`);
    const forkLsn = (await readHistory(sql, timeline)).at(-1)?.endLsn ?? null;
    return { host, timeline, lsn, forkLsn, systemIdentifier, segmentBytes };
  });
}

async function lookAt(host: string, config: BarmanConfig): Promise<NodeSeen> {
  try {
    return { host, seen: "reached", state: await visit(loginTo(host, config), lookMs, readStandby) };
  } catch (error) {
    return { host, seen: "unreachable", error: errorText(error) };
  }
}

/** Writes what barman takes the backup with. Returns the path of the configuration; null: the usual one. */
export async function prepareSource(source: BackupSource, config: BarmanConfig): Promise<string | null> {
  if (source.role === "primary") return null;
  const path = standbyConfPath(source.host);
  const text = renderStandbyConf(config, source.host, source.of.host);
  await writeAtomic(path, text, { mode: 0o640, owner: postgresAccount });
  return path;
}

/** Watches a standby while a backup is copied from it. Returns why the backup is to be ended; null: the signal came first. */
export async function watchSource(
  source: BackupSource,
  { config, clock }: { config: BarmanConfig; clock: Clock },
  signal: AbortSignal,
): Promise<string | null> {
  if (source.role === "primary") return null;
  for (let misses = 0; !signal.aborted;) {
    await clock.sleep(lookEveryMs, signal);
    if (signal.aborted) return null;
    const node = await lookAt(source.host, config);
    const lost = node.seen === "reached" ? whyLost(node.state, source.of) : null;
    if (lost !== null) return `${source.host} ${lost}`;
    if (node.seen === "reached" && node.state.streaming) misses = 0;
    else if (++misses >= mostMisses) {
      return `${source.host} ${node.seen === "reached" ? "has stopped streaming" : `does not answer: ${node.error}`}`;
    }
  }
  return null;
}
