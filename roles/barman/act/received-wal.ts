// The WAL that barman has, in its streaming directory and its archive, and how a plan puts it in order.
import { basename } from "node:path";
import { postgresAccount } from "../../../core/runtime/command.ts";
import {
  ensureDirectory,
  exists,
  listDirectory,
  move,
  readPiece,
  remove,
  writeAtomic,
} from "../../../core/runtime/files.ts";
import { archiveWal } from "../tools/barman-cli.ts";
import type { WalPlan } from "../decide/wal.ts";
import { asideDirectory, streamingDirectory } from "../text/places.ts";
import type { Barman } from "../state.ts";
import { archivedLogs, walFilesIn } from "./wal-files.ts";
import { newestWal, parseWalName, type WalFile, walName } from "../../../core/postgres/wal-name.ts";

/** The newest WAL file of each timeline in the archive. */
export async function newestArchived({ config }: Barman, segmentBytes: number): Promise<WalFile[]> {
  const newest = new Map((await archivedLogs(config)).map((log) => [basename(log).slice(0, 8), log]));
  const files = await Promise.all([...newest.values()].map((log) => walFilesIn(log, segmentBytes)));
  return files.flatMap((of) => newestWal(of.filter((f) => !f.partial)) ?? []);
}

/** True if `barman archive-wal` has something to do; it always leaves one file for the receiver. */
export async function hasWalToArchive(barman: Barman): Promise<boolean> {
  const names = await listDirectory(streamingDirectory(barman.config));
  const files = names.filter((name) => /^[0-9A-F]{24}(\.partial)?$|^[0-9A-F]{8}\.history$/.test(name));
  return files.length > 1;
}

/**
 * Puts the streaming directory in order: barman archives all other files, also those that were never finished, since a restore can
 * end in them, and the marker is made. What barman did not archive is set aside. Nothing is deleted.
 */
export async function applyWalPlan(
  plan: Extract<WalPlan, { marker: string }>,
  segmentBytes: number,
  barman: Barman,
): Promise<void> {
  const directory = streamingDirectory(barman.config);
  const others = plan.aside.filter((name) => name !== plan.marker);
  await ensureDirectory(directory, { mode: 0o755, owner: postgresAccount });
  await setAside(await emptyOf(others, directory), barman);
  // barman never archives the last unfinished file by name, so that for a moment there is a later one
  const last = others.filter((name) => name.endsWith(".partial")).toSorted().at(-1);
  const later = last === undefined ? plan.marker : nameAfter(last, segmentBytes);
  await makeEmpty(`${directory}/${later}`);
  await archiveWal(barman.config.serverName, barman.stop);
  const spent = later === plan.marker ? [] : await emptyOf([later], directory);
  for (const name of spent) await remove(`${directory}/${name}`);
  await setAside(others, barman);
  await makeEmpty(`${directory}/${plan.marker}`);
}

function nameAfter(partial: string, segmentBytes: number): string {
  const file = parseWalName(partial, segmentBytes);
  if (file === null) throw new Error(`${partial} is not the name of a WAL file`);
  return `${walName(file.timeline, file.segment + 1n, segmentBytes)}.partial`;
}

async function makeEmpty(path: string): Promise<void> {
  if (!(await exists(path))) await writeAtomic(path, "", { mode: 0o600, owner: postgresAccount });
}

/** Those in which nothing was received. */
async function emptyOf(names: readonly string[], directory: string): Promise<string[]> {
  const empty = await Promise.all(names.map(async (name) => {
    const path = `${directory}/${name}`;
    return await exists(path) && (await readPiece(path, 0, 0)).totalBytes === 0;
  }));
  return names.filter((_, i) => empty[i]);
}

async function setAside(names: readonly string[], barman: Barman): Promise<void> {
  const { config, clock, log } = barman;
  const target = `${asideDirectory(config)}/${new Date(clock.wallMs()).toISOString().replaceAll(":", "")}`;
  for (const name of names) {
    const from = `${streamingDirectory(config)}/${name}`;
    if (!(await exists(from))) continue;
    await ensureDirectory(asideDirectory(config), { mode: 0o700, owner: postgresAccount });
    await ensureDirectory(target, { mode: 0o700, owner: postgresAccount });
    await move(from, `${target}/${name}`);
    log.warn("Received WAL set aside: it is not in the primary's history", { file: name, to: target });
  }
}
