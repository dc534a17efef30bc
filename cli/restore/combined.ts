// The incremental backup that a node is restored from: combined on barman's volume before, and removed afterwards.
import type { Context } from "../../core/runtime/context.ts";
import { remove } from "../../core/runtime/files.ts";
import type { Printer } from "../../core/runtime/printer.ts";
import { readSources } from "../../roles/barman/act/archive.ts";
import { combineForNode, removeCombined } from "../../roles/barman/act/combine.ts";
import { type Places, restorePath } from "../../roles/barman/text/places.ts";

export interface Combining {
  context: Context;
  places: Places;
  out: Printer;
}

/** An incremental backup is combined before the restore is ordered, so that what fails here leaves nothing to go on with. */
export async function combine(
  backup: Parameters<typeof combineForNode>[0],
  { context, places, out }: Combining,
): Promise<void> {
  try {
    await combineForNode(backup, { places, clock: context.clock, say: out.say });
  } catch (error) {
    await removeCombined(places, out.say);
    throw error;
  }
}

/** The same for a restore that was interrupted: it may have been interrupted in this. */
export async function combineAgain(id: string, { context, places, out }: Combining): Promise<void> {
  const backup = (await readSources(places)).backups.find((b) => b.id === id);
  if (backup) await combineForNode(backup, { places, clock: context.clock, say: out.say });
}

/** The restore is over, or was refused: it is no longer the one to go on with. */
export async function forget({ places, out }: Pick<Combining, "places" | "out">): Promise<void> {
  await remove(restorePath(places));
  await removeCombined(places, out.say);
}
