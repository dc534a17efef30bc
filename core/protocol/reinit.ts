// PURE: how far an operator's order to clone a node again is.
import { z } from "zod";

export const ReinitSchema = z.object({
  id: z.number().int().meta({ description: "when it was ordered, milliseconds since 1970" }),
  state: z.enum(["ordered", "cloning", "cloned", "done", "failed"]).meta({
    description: "cloned: the clone is in place, and the server does not stream yet",
  }),
  because: z.string().meta({ description: "why it was ordered; of a failure, why it failed" }),
});
export type ReinitProgress = z.infer<typeof ReinitSchema>;

/** What the command sees of the node that it has ordered to be cloned again. */
export interface ReinitSeen {
  /** the order, as the node answered it */
  id: number;
  /** null: the node does not answer */
  status: { reinit: ReinitProgress | null; trouble: { because: string } | null; because: string } | null;
  /** for how long it has not answered, and for how long its clone has been in place; milliseconds */
  silentMs: number;
  clonedMs: number;
}

/** A node that has not answered for this long will not carry out the order in sight of the command, milliseconds. */
const silentLimitMs = 20_000;
/** A node that was cloned streams within this time, or something is wrong; milliseconds. */
const streamLimitMs = 60_000;

/** Whether the order has ended, and if it has failed, why. */
export function reinitOutcome({ id, status, silentMs, clonedMs }: ReinitSeen): "wait" | "done" | { failed: string } {
  if (status === null) {
    const seconds = Math.round(silentMs / 1000);
    return silentMs < silentLimitMs ? "wait" : { failed: `the node has not answered for ${seconds} s` };
  }
  const { reinit } = status;
  if (reinit === null || reinit.id !== id) {
    return { failed: "its agent has been started again meanwhile, and does not know the order any more" };
  }
  if (reinit.state === "failed") return { failed: reinit.because };
  if (reinit.state === "done") return "done";
  if (clonedMs < streamLimitMs) return "wait";
  return { failed: `it was cloned, but does not stream: ${status.trouble?.because ?? status.because}` };
}
