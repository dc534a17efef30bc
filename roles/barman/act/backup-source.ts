// Finds out from which node a base backup is copied, and whether it is a full one.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import { errorText } from "../../../core/words/errors.ts";
import type { BarmanConfig } from "../../../config/barman.ts";
import { hasBarman } from "../../../config/barman-features.ts";
import type { Peers } from "../../../core/client/peers.ts";
import type { Barman } from "../state.ts";
import { decideKind, type Kind, type KindWanted, type Parent, type Summaries } from "../decide/backup-kind.ts";
import {
  type BackupSource,
  decideBackup,
  type NodeSeen,
  type PrimarySeen,
  whyNoStandby,
  whyPrimary,
} from "../decide/backup-source.ts";
import { newestOf } from "../decide/restore-plan.ts";
import { chainTo, unbrokenSince } from "../decide/wal-chain.ts";
import { renderStandbyConf, standbyConfPath } from "../text/barman-conf.ts";
import type { Backup } from "../text/barman-output.ts";
import { loginTo } from "../tools/login.ts";
import { readHistory, readPrimaryWal, readTablespaces, type Sql, visit } from "../tools/queries.ts";
import { readStandby, readSummaries } from "../tools/standby-queries.ts";
import { readSources } from "./archive.ts";

const lookMs = 5_000;

/** Why the last attempt failed: `source`, if it was made with a standby; `kind`, if it was an incremental backup. */
export interface Failed {
  source: string | null;
  kind: string | null;
}

export const notFailed: Failed = { source: null, kind: null };

/** What a choice is made from. */
export interface Choice {
  config: BarmanConfig;
  peers: Peers;
  primary: string;
  hosts: readonly string[];
  wanted: KindWanted;
  /** the catalog; what is not known of it counts as not kept */
  backups: readonly Backup[];
  failed: Failed;
}

/** What is taken, and from where. */
export interface Chosen {
  source: BackupSource;
  kind: Kind;
}

/** Chooses what the next base backup is and where it is copied from. What cannot be seen speaks for a full one of the primary. */
export async function chooseBackup(choice: Choice): Promise<Chosen> {
  const { config, primary, hosts, wanted, failed } = choice;
  const asked = whyPrimary(config.backupFrom, failed.source, hasBarman(config.imageVersions, "wal_conninfo"));
  try {
    const { segmentBytes, tablespaces, ...seen } = await visit(
      loginTo(primary, choice),
      lookMs,
      (sql) => lookAtPrimary(sql, primary),
    );
    const { backups, archive } = await readSources(config, segmentBytes);
    const chain = chainTo(seen.timeline, archive);
    const newest = chain === null ? null : newestOf(chain, archive);
    const walSince = chain === null || newest === null ? null : unbrokenSince(newest, chain);
    const keptAlone = choice.backups.filter((b) => b.retention === "KEEP:STANDALONE").map((b) => b.id);
    const { incremental: every, compression } = config;
    const compressing = compression !== "none";
    const kind = decideKind({ wanted, every, compressing, failure: failed.kind, backups, keptAlone, chain });
    const parent = kind.kind === "incremental" ? kind.parent : null;
    const settled = asked ?? whyNoStandby(tablespaces);
    const others = settled === null ? hosts.filter((host) => host !== primary) : [];
    const [nodes, summaries] = await Promise.all([
      Promise.all(others.map((host) => lookAt(host, choice, parent))),
      visit(loginTo(primary, choice), lookMs, (sql) => summariesOf(sql, parent)),
    ]);
    return decideBackup({ primary: { ...seen, summaries }, nodes, walSince, segmentBytes, settled }, kind);
  } catch (error) {
    const because = `the nodes could not be compared: ${errorText(error)}`;
    return {
      source: { host: primary, role: "primary", because: asked ?? because },
      kind: { kind: "full", because, fix: null },
    };
  }
}

async function lookAtPrimary(
  sql: Sql,
  host: string,
): Promise<Omit<PrimarySeen, "summaries"> & { segmentBytes: number; tablespaces: string[] }> {
  const { timeline, lsn, segmentBytes, systemIdentifier } = await readPrimaryWal(sql);
  if (timeline === null || lsn === null) throw new Error(`${host} is not a primary`);
  const forkLsn = (await readHistory(sql, timeline)).at(-1)?.endLsn ?? null;
  const tablespaces = (await readTablespaces(sql)).map(({ name }) => name);
  return { host, timeline, lsn, forkLsn, systemIdentifier, segmentBytes, tablespaces };
}

/** Asks a node what it is. `parent`: what an incremental backup of it would build on. */
export async function lookAt(
  host: string,
  barman: Pick<Barman, "config" | "peers">,
  parent: Parent | null,
): Promise<NodeSeen> {
  try {
    return await visit(loginTo(host, barman), lookMs, async (sql) => {
      const state = { ...await readStandby(sql), summaries: await summariesOf(sql, parent) };
      return { host, seen: "reached", state };
    });
  } catch (error) {
    return { host, seen: "unreachable", error: errorText(error) };
  }
}

const summariesOf = async (sql: Sql, parent: Parent | null): Promise<Summaries> =>
  parent === null ? { on: false, ranges: [] } : await readSummaries(sql, parent.beginLsn);

/** Writes what barman takes the backup with. Returns the path of the configuration; null: the usual one. */
export async function prepareSource(source: BackupSource, config: BarmanConfig): Promise<string | null> {
  if (source.role === "primary") return null;
  const path = standbyConfPath(source.host);
  const text = renderStandbyConf(config, source.host, source.of.host);
  await writeAtomic(path, text, { mode: 0o640, owner: postgresAccount });
  return path;
}
