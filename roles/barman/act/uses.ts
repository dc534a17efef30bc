// Keeps the backups that restores use: barman's own mark exempts them from its retention, from `barman delete` and from its cron.
// Each use is a file, so that a restart of the container neither forgets nor prolongs it.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, listDirectory, readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { isPostdock } from "../../../core/runtime/proc.ts";
import { type Clock, Pace } from "../../../core/runtime/time.ts";
import { errorText } from "../../../core/words/errors.ts";
import { decideEnd, isOver, keptFor, markOf, type Use, UseSchema } from "../decide/uses.ts";
import type { Barman } from "../state.ts";
import { type Places, usePath, usesDirectory } from "../text/places.ts";
import { keepBackup, listBackups } from "../tools/barman-cli.ts";
import { readBackups } from "./archive.ts";

/** How often a node is asked whether its restore is over, milliseconds. */
const askEveryMs = 5_000;

/** All uses. A file that cannot be read is left out. */
export async function readUses(places: Places): Promise<Use[]> {
  const names = (await listDirectory(usesDirectory(places))).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(names.map((name) => readIfThere(`${usesDirectory(places)}/${name}`)));
  return texts.flatMap((text) => {
    try {
      return text === null ? [] : [UseSchema.parse(JSON.parse(text))];
    } catch {
      return [];
    }
  });
}

/**
 * From now on the backup stays, with what it builds on and all WAL after that, until endUse(). Returns what barman said if it did
 * not mark the backup: then only the retention policy leaves it alone.
 */
export async function useBackup(
  { id, by, ...used }: Pick<Use, "id" | "backup" | "by">,
  places: Places,
  clock: Pick<Clock, "wallMs">,
): Promise<string | null> {
  const backup = keptFor(used.backup, (await readBackups(places)).backups);
  const listed = (await listBackups(places.serverName)).find((b) => b.id === backup);
  const use: Use = { id, backup, by, sinceMs: clock.wallMs(), before: markOf(listed?.retention ?? null) };
  await write(use, places);
  if (use.before === "full") return null;
  try {
    await keepBackup(places.serverName, backup, "full");
    return null;
  } catch (error) {
    await write({ ...use, before: "full" }, places); // there is nothing to take back
    return errorText(error);
  }
}

/** The restore is over. Returns false if it was known before. */
export async function endUse(id: string, places: Places): Promise<boolean> {
  const uses = await readUses(places);
  const use = uses.find((u) => u.id === id);
  if (use === undefined) return false;
  const end = decideEnd(use, uses);
  if ("inherits" in end) await write(end.inherits, places);
  else if (end.mark !== "full") {
    const there = (await listBackups(places.serverName)).find((b) => b.id === use.backup);
    // an operator may have marked it otherwise meanwhile
    const how = end.mark === "none" ? "release" : end.mark;
    if (markOf(there?.retention ?? null) === "full") await keepBackup(places.serverName, use.backup, how);
  }
  await remove(usePath(places, id));
  return true;
}

/** How barman is to mark the backup when its last use ends. False if nothing uses it. */
export async function markAfterwards(backup: string, before: Use["before"], places: Places): Promise<boolean> {
  const uses = (await readUses(places)).filter((u) => u.backup === backup);
  for (const use of uses) await write({ ...use, before }, places);
  return uses.length > 0;
}

/** An operator ends all uses of a backup. */
export async function endUsesOf(backup: string, places: Places): Promise<void> {
  for (const use of await readUses(places)) if (use.backup === backup) await endUse(use.id, places);
}

/** What an operator has to know of a backup that is used and not marked. */
export const unmarkedText = (backup: string, why: string) =>
  `barman does not mark backup ${backup} as kept, so do not delete it before the restore has ended: ${why}`;

/** Does work with a backup that stays until then, also if another process ends this one. */
export async function whileKept<T>(
  backup: string,
  { places, clock, say }: { places: Places; clock: Pick<Clock, "wallMs">; say: (line: string) => void },
  work: () => Promise<T>,
): Promise<T> {
  const id = `${backup}-copy-${process.pid}-${clock.wallMs().toString(36)}`;
  const why = await useBackup({ id, backup, by: { pid: process.pid } }, places, clock);
  if (why !== null) say(unmarkedText(backup, why));
  try {
    return await work();
  } finally {
    await endUse(id, places);
  }
}

async function write(use: Use, places: Places): Promise<void> {
  await ensureDirectory(usesDirectory(places), { mode: 0o755, owner: postgresAccount });
  await writeAtomic(usePath(places, use.id), JSON.stringify(use) + "\n", { mode: 0o644, owner: postgresAccount });
}

/** Ends the uses of restores that are over, once a tick. */
export class UseWatch {
  private first = true;
  private readonly pace: Pace;
  private uses: readonly Use[] = [];
  /** since when the nodes of uses have not answered, by the use */
  private readonly silent = new Map<string, number>();

  constructor(private readonly barman: Barman) {
    this.pace = new Pace(barman.clock, askEveryMs, "now");
  }

  /** Whether a restore uses any backup: then none is removed, since it may need the WAL that would go with it. */
  get any(): boolean {
    return this.uses.length > 0;
  }

  async look(): Promise<void> {
    const { clock, config, log } = this.barman;
    const first = this.first;
    this.first = false;
    this.uses = await readUses(config);
    if (!this.any) this.report();
    if (!this.any || !this.pace.due()) return;
    for (const use of this.uses) {
      const over = await this.isOver(use, first);
      if (!over || !(await endUse(use.id, config))) continue;
      log.info("A backup is no longer kept for a restore", { backup: use.backup, restore: use.id, because: over });
      this.barman.state.due.catalogMs = clock.nowMs();
    }
    this.uses = await readUses(config);
    this.report();
  }

  /** What /status says of it, and `postdock cluster doctor` of nodes that do not answer. */
  private report(): void {
    this.barman.state.kept = this.uses.flatMap(({ id, backup, by }) =>
      "node" in by ? [{ backup, node: by.node, silentSinceMs: this.silent.get(id) ?? null }] : []
    );
  }

  /** Why the use is over; null: it is not. */
  private async isOver(use: Use, first: boolean): Promise<string | null> {
    const { clock, client } = this.barman;
    if ("pid" in use.by) {
      // numbers of processes begin anew with the container
      if (first) return "this container has started since";
      return isPostdock(use.by.pid) ? null : "its process has ended";
    }
    const seen = await client.askNode(use.by.node, { timeoutMs: 2_000 });
    if (seen.seen === "reached") this.silent.delete(use.id);
    else if (!this.silent.has(use.id)) this.silent.set(use.id, clock.nowMs());
    return isOver(use, seen, clock.wallMs()) ? `${use.by.node} is not being restored any more` : null;
  }
}
