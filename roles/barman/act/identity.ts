// Which cluster the backups are of.
import { z } from "zod";
import { readIfThere } from "../../../core/runtime/files.ts";
import { identityPath, type Places } from "../text/places.ts";

/** The system identifier of the cluster whose backups are here, from barman's own file; null before the first backup. */
export async function readIdentity(places: Places): Promise<string | null> {
  const text = await readIfThere(identityPath(places));
  return text === null ? null : z.object({ systemid: z.coerce.string() }).parse(JSON.parse(text)).systemid;
}
