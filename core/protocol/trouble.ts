// PURE: what keeps a node from its work, and what to do about it.
import { z } from "zod";

/** How the `because` of a standby begins that might lead and may not. */
export const notPromoted = "it is not promoted: ";

export const TroubleSchema = z.object({
  because: z.string().meta({ description: "the cause, in the words of PostgreSQL or of the tool that failed" }),
  fix: z.string().meta({ description: "what to do about it" }),
});
export type Trouble = z.infer<typeof TroubleSchema>;
