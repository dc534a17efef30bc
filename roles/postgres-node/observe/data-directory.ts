// Observes the data directory: empty, half-cloned, a cluster and how far its WAL reaches. Changes nothing.
import { dirname, join } from "node:path";
import { exists, listDirectory, listFilled, readIfThere } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { OwnCluster, OwnData } from "../decide/view.ts";
import { chooseWalRange, type ControlData, isUnborn } from "../text/controldata.ts";
import { filledDirectories, missingText, neededDirectories } from "../text/directories.ts";
import { conninfoValue } from "../../../core/postgres/conninfo.ts";
import { dataEntries, readJournal } from "../data/journal.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { restoredBy } from "../data/restore.ts";
import { readHistory } from "../data/timelines.ts";
import { belongsTo } from "../decide/hidden-wal.ts";
import type { TimelineFork, WalPosition } from "../../../core/postgres/lsn.ts";
import { readControlData } from "./control-data.ts";
import { readWalEnd } from "./waldump.ts";
import { readOwnOrigin } from "./timeline-origin.ts";

/** Looks at PGDATA. Throws only if the directory itself cannot be read. */
export async function observeData(
  { pgdata, imageVersions }: Pick<NodeConfig, "pgdata" | "imageVersions">,
  log: Log,
): Promise<OwnData> {
  const journal = await readJournal(pgdata);
  if (journal?.phase === "moving-out" || journal?.phase === "moving-in") return { kind: "unfinished-move" };
  if (journal?.phase === "bootstrapping") return { kind: "unfinished-bootstrap" };
  if (journal?.phase === "rewinding") return { kind: "half-cloned" };
  const entries = await dataEntries(pgdata);
  const version = (await readIfThere(join(pgdata, "PG_VERSION")))?.trim();
  if (version === undefined) {
    const meaningful = entries.filter((name) => name !== "master.lock" && name !== "standby.lock");
    if (meaningful.length > 0) return { kind: "foreign", entries: meaningful };
    // a fresh cluster beside the data that somebody looks for would be taken for them
    const above = dirname(pgdata);
    if (await exists(join(above, "PG_VERSION"))) return { kind: "foreign", entries: [], clusterAbove: above };
    // an initdb that failed or was killed has made nothing that counts
    return { kind: journal?.phase === "copying" && journal.source !== "initdb" ? "half-cloned" : "empty" };
  }
  const { postgres } = imageVersions;
  if (version !== postgres) return { kind: "other-version", version, image: postgres };
  try {
    return await observeCluster(pgdata, log);
  } catch (error) {
    return { kind: "damaged", why: error instanceof Error ? error.message : String(error) };
  }
}

async function observeCluster(pgdata: string, log: Log): Promise<OwnCluster> {
  const missing = await missingIn(pgdata);
  if (missing.length > 0) throw new Error(missingText(missing));
  const control = await readControlData(pgdata);
  const autoConf = await readIfThere(join(pgdata, "postgresql.auto.conf")) ?? "";
  const conninfo = /^\s*primary_conninfo\s*=\s*'((?:[^']|'')*)'/m.exec(autoConf)?.[1]?.replaceAll("''", "'");
  // an empty segment was never written; without file names, pg_waldump takes the segment size from the first file it finds
  const walFiles = await listFilled(join(pgdata, "pg_wal"));
  const end = await endOfWal(pgdata, { control, walFiles }, log);
  // the newest timeline here is known in any case, so that a promotion without an epoch is never overlooked
  const history = await readHistory(pgdata, end.timeline);
  const position = end.lsn === null
    ? { timeline: end.timeline, lsn: (control.minRecoveryEnd ?? control.checkpoint).lsn }
    : belongsTo({ timeline: end.timeline, lsn: end.lsn }, history);
  return {
    kind: "cluster",
    systemIdentifier: control.systemIdentifier,
    position,
    endRead: end.lsn !== null,
    origin: await readOwnOrigin(pgdata, position, control.segmentBytes),
    parent: parentOf(position.timeline, { timeline: end.timeline, history }),
    wasPrimary: conninfo === "" ||
      !(await exists(join(pgdata, "standby.signal")) || isUnborn(end.timeline, walFiles, control.segmentBytes)),
    ungranted: false,
    restored: await restoredBy(pgdata),
    lastUpstream: (conninfo && conninfoValue(conninfo, "host")) || null,
  };
}

async function missingIn(pgdata: string): Promise<string[]> {
  const looked = await Promise.all(neededDirectories.map(async (name) => {
    const path = join(pgdata, name);
    if (!(await exists(path))) return [name];
    const filled: readonly string[] = filledDirectories;
    return filled.includes(name) && (await listDirectory(path)).length === 0 ? [name] : [];
  }));
  return looked.flat();
}

function parentOf(
  timeline: number,
  newest: { timeline: number; history: readonly TimelineFork[] },
): WalPosition | null {
  const own = newest.history.findIndex((f) => f.timeline === timeline);
  const fork = newest.history.at(own < 0 ? -1 : own - 1);
  return fork && own !== 0 ? { timeline: fork.timeline, lsn: fork.endLsn } : null;
}

/** The end of the last valid WAL record. Its LSN is null if WAL cannot be read: the control file then has a lower bound. */
async function endOfWal(
  pgdata: string,
  { control, walFiles }: { control: ControlData; walFiles: readonly string[] },
  log: Log,
): Promise<{ timeline: number; lsn: string | null }> {
  const walDirectory = join(pgdata, "pg_wal");
  const range = chooseWalRange(control, walFiles);
  const { lsn, stderr } = await readWalEnd(walDirectory, range, 120_000);
  if (lsn !== null) return { timeline: range.timeline, lsn };
  log.warn("The end of WAL could not be read; the position in the control file is a lower bound", {
    stderr: stderr.trim().slice(-300),
  });
  return { timeline: range.timeline, lsn: null };
}
