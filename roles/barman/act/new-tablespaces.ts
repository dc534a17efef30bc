// Notices tablespaces that the newest backup does not have. A recovery makes such a tablespace at its own path, which a copy
// beside the cluster cannot have: neither could be restored into a copy, nor verified, what comes after.
import { readRecord } from "./records.ts";
import { parseBackupInfo } from "../text/backup-info.ts";
import { loginTo } from "../tools/login.ts";
import { readTablespaces, visit } from "../tools/queries.ts";
import type { Barman } from "../state.ts";
import { wantBackup } from "./backup.ts";

const lookEveryMs = 30_000;
const lookMs = 3_000;

/** Asks for a base backup once the primary has a tablespace that the newest one lacks; once for each backup. */
export class TablespaceWatch {
  private nextMs = -Infinity;
  private asked: string | null = null;

  constructor(private readonly barman: Barman) {}

  async look(): Promise<void> {
    const { clock, config, state } = this.barman;
    const newest = state.catalog?.newest?.id ?? null;
    const busy = state.wantBackup !== null || state.backup.runningSinceMs !== null || state.sight !== "seen";
    if (busy || state.primary === null || newest === null || newest === this.asked) return;
    if (clock.nowMs() < this.nextMs) return;
    this.nextMs = clock.nowMs() + lookEveryMs;
    const record = parseBackupInfo(newest, await readRecord(config, newest) ?? "");
    if (record === null) return;
    const present = await visit(loginTo(state.primary, this.barman), lookMs, readTablespaces);
    const lacking = present.find((t) => !record.tablespaces.some((known) => known.oid === t.oid));
    if (lacking === undefined) return;
    this.asked = newest;
    await wantBackup(`tablespace ${lacking.name} was created after backup ${newest}`, this.barman);
  }
}
