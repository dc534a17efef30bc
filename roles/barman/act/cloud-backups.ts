// The base backups in the object store: what it lacks is stored, what is exempt here is exempt there, and what the retention
// policy removed here is removed there.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, remove } from "../../../core/runtime/files.ts";
import { supervise } from "../../../core/runtime/supervisor.ts";
import { OperatorError } from "../../../core/words/errors.ts";
import { backupsToStore, keepsToStore, type Store, storedToRemove } from "../decide/cloud.ts";
import type { CloudState } from "../decide/view.ts";
import { findRecord } from "./records.ts";
import { deleteStored, keepStored, uploadChild } from "../tools/cloud-cli.ts";
import type { Backup } from "../text/barman-output.ts";
import { troubleOf } from "../text/cloud-output.ts";
import { uploadDirectory } from "../text/places.ts";
import { readBackups } from "./archive.ts";
import { isOurs } from "./cloud-identity.ts";
import type { Barman } from "../state.ts";

/** A base backup that takes longer is ended and begun anew. */
const uploadMs = 48 * 3_600_000;

/** What a round has shown of the store: it works, it works and there is more to do, or nothing yet. */
export type Round = "done" | "more" | "waits";

/** Stores the newest base backup that the store lacks; if it lacks none, follows the retention policy there. */
export async function storeBackups(cloud: CloudState, barman: Barman): Promise<Round> {
  const { store } = cloud;
  const { catalog } = barman.state;
  if (store === null || catalog === null) return "waits";
  const { backups: records } = await readBackups(barman.config);
  const wanted = backupsToStore(catalog.backups, records, store);
  cloud.waitingBackups = wanted.length;
  if (cloud.seen !== cloud.changes || !store.marked || cloud.trouble.wal !== null) return "waits";
  if (!(await isOurs(store, barman))) return "waits";
  if (wanted[0] === undefined) {
    await followRetention(cloud, store, catalog.unused, barman);
    return "done";
  }
  await upload(wanted[0], barman);
  cloud.lastUploadMs = barman.clock.wallMs();
  cloud.waitingBackups = wanted.length - 1;
  cloud.changes++;
  return "done";
}

/** What is exempt in BACKUP_DIR is so in the store, and what its policy removed is removed there. */
async function followRetention(
  cloud: CloudState,
  store: Store,
  local: readonly Backup[],
  barman: Barman,
): Promise<void> {
  const { clock, config, log, stop } = barman;
  for (const { id, keep } of keepsToStore(local, store, cloud.removed)) {
    log.info("The exemption of a backup changes in the object store", { id, keep });
    cloud.changes++;
    await keepStored(config, id, keep, stop);
  }
  if (cloud.seen !== cloud.changes) return; // what is exempt is read anew first
  for (const id of storedToRemove(store, local, config, clock.wallMs())) {
    const because = "BACKUP_DIR no longer has it, and newer ones are in the store (BACKUP_RETENTION_DAYS, _COUNT)";
    log.warn("Backup is removed from the object store", { id, because });
    cloud.changes++;
    await deleteStored(config, id, stop);
  }
}

async function upload(id: string, barman: Barman): Promise<void> {
  const { clock, config, log, stop } = barman;
  const since = clock.nowMs();
  const directory = uploadDirectory(config);
  await remove(directory); // parts of an upload that was cut off
  await ensureDirectory(directory, { mode: 0o700, owner: postgresAccount });
  log.info("Base backup is stored in the object store", { id, url: config.cloudUrl });
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    if (lines.length > 20) lines.shift();
    log.debug("Output", { process: "cloud-backup", line });
  };
  const record = await findRecord(config, id);
  if (record === null) throw new Error(`barman has no record of backup ${id} any more`);
  const child = supervise({ ...uploadChild(config, id, record), onLine }, barman);
  const over = new AbortController();
  await Promise.race([child.exited(), clock.sleep(uploadMs, AbortSignal.any([stop, over.signal]))]);
  over.abort();
  await child.stop();
  if (stop.aborted) return;
  const exit = await child.exited();
  if (exit.code !== 0) {
    const said = lines.filter((line) => /ERROR|Error/.test(line)).slice(-3).join("\n") || lines.at(-1);
    throw new OperatorError(troubleOf(said ?? `it ended with ${exit.code ?? exit.signal}`, config));
  }
  log.info("Base backup is in the object store", { id, durationMs: Math.round(clock.nowMs() - since) });
}
