// PURE: what barman reports of the object store.
import { z } from "zod";

/** The object store of CLOUD_BACKUP_URL. What is not known yet is null. */
export const CloudSchema = z.object({
  url: z.string(),
  lastUploadMs: z.number().nullable().meta({ description: "when something was stored last, milliseconds since 1970" }),
  waitingWalFiles: z.number().int().nullable().meta({ description: "WAL files that it lacks" }),
  waitingBackups: z.number().int().nullable().meta({ description: "base backups that it lacks" }),
  failing: z.object({ what: z.string(), fix: z.string() }).nullable().meta({
    description: "what fails there now; null: nothing",
  }),
});
