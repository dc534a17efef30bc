// The WAL that barman has, in its streaming directory and its archive, and how a plan puts it in order.
import { basename } from "node:path";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, exists, listDirectory, move, writeAtomic } from "../../../core/runtime/files.ts";
import { archiveWal } from "../tools/barman-cli.ts";
import type { WalPlan } from "../decide/wal.ts";
import { asideDirectory, streamingDirectory } from "../text/places.ts";
import type { Barman } from "../state.ts";
import { archivedLogs, walFilesIn } from "./wal-files.ts";
import { newestWal, type WalFile } from "../../../core/postgres/wal-name.ts";

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
 * Puts the streaming directory in order. Partial files are set aside, the marker is made, and barman archives all whole files.
 * What is still in the way is set aside too. Nothing is deleted.
 */
export async function applyWalPlan(plan: Extract<WalPlan, { marker: string }>, barman: Barman): Promise<void> {
  const directory = streamingDirectory(barman.config);
  const partial = plan.aside.filter((name) => name.endsWith(".partial") && name !== plan.marker);
  await setAside(partial, barman);
  await ensureDirectory(directory, { mode: 0o755, owner: postgresAccount });
  if (!(await exists(`${directory}/${plan.marker}`))) {
    await writeAtomic(`${directory}/${plan.marker}`, "", { mode: 0o600, owner: postgresAccount });
  }
  await archiveWal(barman.config.serverName, barman.stop);
  await setAside(plan.aside.filter((name) => !partial.includes(name) && name !== plan.marker), barman);
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
