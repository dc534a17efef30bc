// Which cluster the backups are of.
import { z } from "zod";
import type { BarmanConfig } from "../../../config/barman.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import { identityPath, type Places } from "../text/places.ts";

/** The system identifier of the cluster whose backups are here, from barman's own file; null before the first backup. */
export async function readIdentity(places: Places): Promise<string | null> {
  const text = await readIfThere(identityPath(places));
  return text === null ? null : z.object({ systemid: z.coerce.string() }).parse(JSON.parse(text)).systemid;
}

/** As barman itself writes it: from then on this directory belongs to that cluster. */
export async function writeIdentity(
  systemIdentifier: string,
  places: Places & Pick<BarmanConfig, "imageVersions">,
): Promise<void> {
  const text = JSON.stringify({ systemid: systemIdentifier, version: places.imageVersions.postgres }) + "\n";
  await writeAtomic(identityPath(places), text, { mode: 0o644, owner: postgresAccount });
}
