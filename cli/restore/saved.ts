// What this container remembers of a restore: enough to say where barman is, to watch it, and to end it.
import { z } from "zod";
import { postgresAccount } from "../../core/runtime/command.ts";
import { readIfThere, writeAtomic } from "../../core/runtime/files.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { type Places, restorePath } from "../../roles/barman/text/places.ts";

const Saved = z.object({ id: z.string(), backup: z.string(), node: z.string(), hold: z.boolean() });
export type Saved = z.infer<typeof Saved>;

/** Remembers the restore that is ordered next. */
export async function save(saved: Saved, places: Places): Promise<void> {
  await writeAtomic(restorePath(places), JSON.stringify(saved) + "\n", { mode: 0o600, owner: postgresAccount });
}

/** The restore that was ordered here last and is not over; null: there is none. */
export async function load(places: Places): Promise<Saved | null> {
  const text = await readIfThere(restorePath(places));
  return text === null ? null : Saved.parse(JSON.parse(text));
}

/** What a node knows of a restore: it is under way there, it has ended, or the node never got the order, or has a newer one. */
export type Standing = "under way" | "over" | "unknown";

/** Where a restore stands by what its node says. */
export function standingOf(
  id: string,
  { restore, lastRestore }: Pick<NodeStatus, "restore" | "lastRestore">,
): Standing {
  if (restore?.id === id) return "under way";
  return lastRestore?.id === id ? "over" : "unknown";
}
