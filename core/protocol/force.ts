// A forced failover, as the nodes whose data is on its timelines remember it and report it.
import { z } from "zod";

/** The node that was forced, the highest epoch that it knew of when the operator gave the order, and what it has begun alone since. */
export const ForceSchema = z.object({
  host: z.string(),
  above: z.number().int().nonnegative(),
  timelines: z.array(z.number().int()),
}).nullable().default(null).meta({
  description: "the forced failover that its data may be of; null: none, or a majority has granted an epoch since",
});
export type Force = NonNullable<z.infer<typeof ForceSchema>>;

/** What a node reports of it. */
export const forceFields = {
  force: ForceSchema,
  overruled: z.boolean().default(false).meta({
    description:
      "the voters have told this node of a leadership that overrules that failover: its data counts for nothing",
  }),
};
