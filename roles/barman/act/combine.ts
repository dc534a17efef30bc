// Makes a whole cluster of an incremental backup and those that it builds on.
import { dirname } from "node:path";
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import {
  diskSpace,
  ensureDirectory,
  exists,
  listDirectory,
  move,
  readIfThere,
  remove,
  writeAtomic,
} from "../../../core/runtime/files.ts";
import { isPostdock } from "../../../core/runtime/proc.ts";
import { restoreNeeds } from "../../../core/postgres/room.ts";
import { every } from "../../../core/runtime/time.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { progressOf } from "../decide/progress.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import { combinedDirectory, combinerPath, dataDirectory, type Places, restorePath } from "../text/places.ts";
import { readChain } from "./archive.ts";
import { copyMs, type Into, prepared, sayEveryMs } from "./copy-server.ts";
import type { Barman } from "../state.ts";

const owner = postgresAccount;
type Combined = Pick<BackupRecord, "id" | "parent" | "sizeBytes">;

/** Combines a backup into a directory that is empty. */
export async function combineInto(to: string, { id, sizeBytes }: Combined, into: Into): Promise<void> {
  const chain = await readChain(id, into.places);
  into.say(`  combining ${chain.join(", ")}`);
  const from = chain.map((each) => dataDirectory(into.places, each, null));
  await runWatched(["pg_combinebackup", "-o", to, ...from], { to, bytes: sizeBytes }, into);
}

/** Throws OperatorError unless an incremental backup can be combined for a node: barman's volume needs room for a whole one. */
export async function checkCombined({ id, parent, sizeBytes }: Combined, places: Places): Promise<string[]> {
  if (parent === null) return [];
  const needed = restoreNeeds(sizeBytes ?? 0);
  const { freeBytes } = await diskSpace(places.backupDir);
  if (freeBytes < needed && !(await exists(dataDirectory(places, id, parent)))) {
    throw new OperatorError({
      what: `There is no room in ${places.backupDir} to combine the incremental backup ${id}`,
      why: `${sizeText(needed)} are needed, but only ${sizeText(freeBytes)} are free`,
      fix: "free some space there, or give a full backup of `postdock barman list` by --backup",
      exitCode: ExitCode.refused,
    });
  }
  return [`combined  in ${places.backupDir}, about ${sizeText(sizeBytes ?? 0)}, removed when the restore is over`];
}

/** Combines an incremental backup for a node that fetches it. What an earlier attempt has left is used, or removed. */
export async function combineForNode({ id, parent, sizeBytes }: Combined, into: Into): Promise<void> {
  const { places, say } = into;
  const whole = dataDirectory(places, id, parent);
  if (parent === null) return;
  const made = await exists(whole);
  if (!made) await removeCombined(places, say);
  await ensureDirectory(combinedDirectory(places), { mode: 0o700, owner });
  await writeAtomic(combinerPath(places), String(process.pid), { mode: 0o600, owner });
  if (made) return;
  const half = `${whole}.half`;
  await ensureDirectory(half, { mode: 0o700, owner });
  await combineInto(half, { id, parent, sizeBytes }, into);
  await run(["sync", "-f", half], { as: owner, timeoutMs: copyMs });
  await move(half, whole);
}

/** Removes what was combined. The backups that it was made of stay. */
export async function removeCombined(places: Places, say: (line: string) => void): Promise<void> {
  const directory = combinedDirectory(places);
  const names = (await listDirectory(directory)).filter((name) => /^\d/.test(name));
  if (names.length > 0) say(`Removing what was combined for a restore that is over: ${names.join(", ")}`);
  await remove(directory);
}

/** Removes what an interrupted restore has left: no restore is under way, and the one that combined has ended. */
export async function clearCombined({ config, log }: Pick<Barman, "config" | "log">): Promise<void> {
  if (!(await exists(combinedDirectory(config))) || await exists(restorePath(config))) return;
  const combiner = Number(await readIfThere(combinerPath(config)));
  if (combiner > 0 && combiner !== process.pid && isPostdock(combiner)) return;
  await removeCombined(config, (line) => log.info(line, { directory: combinedDirectory(config) }));
}

/** Runs a program that fills a directory of so many bytes, and says how far it is. */
export async function runWatched(
  argv: readonly string[],
  { to, bytes }: { to: string; bytes: number | null },
  into: Into,
): Promise<void> {
  const { clock, say } = into;
  const done = new AbortController();
  const before = (await diskSpace(dirname(to))).usedBytes;
  const since = clock.nowMs();
  const watching = every(sayEveryMs, async () => {
    const forMs = clock.nowMs() - since;
    if (forMs < sayEveryMs) return;
    const streamedBytes = Math.max(0, (await diskSpace(dirname(to))).usedBytes - before);
    const { bytesPerSecond, leftSeconds } = progressOf({ streamedBytes, totalBytes: bytes }, forMs);
    const left = leftSeconds === null ? "" : `, about ${leftSeconds} s left`;
    say(
      `  copied about ${sizeText(streamedBytes)}${
        bytesPerSecond === null ? "" : ` at ${sizeText(bytesPerSecond)}/s`
      }${left}`,
    );
  }, { clock, signal: done.signal, onError: (error) => say(`  the progress cannot be seen: ${errorText(error)}`) });
  try {
    await run(...prepared(argv, into, copyMs));
  } finally {
    done.abort();
    await watching;
  }
}
