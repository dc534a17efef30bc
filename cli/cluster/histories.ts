// The events that the containers keep, asked of each of them.
import { z } from "zod";
import type { Peers } from "../../core/client/peers.ts";
import { errorText } from "../../core/words/errors.ts";
import type { Member } from "./gather.ts";

const HistoryAnswer = z.object({
  entries: z.array(
    z.looseObject({
      time: z.string(),
      node: z.string(),
      event: z.string(),
      because: z.string().optional().catch(undefined),
      tookMs: z.number().optional().catch(undefined),
    }),
  ),
});
export type HistoryEntry = z.infer<typeof HistoryAnswer>["entries"][number];

/** A container's events, oldest first; or why they are not known. */
export type History = { host: string } & ({ entries: HistoryEntry[] } | { error: string });

/** Asks every container that has answered. pgpool and barman do not know by which name they are reached: they get it here. */
export async function readHistories(
  members: readonly Member[],
  { peers, timeoutMs }: { peers: Pick<Peers, "getText">; timeoutMs: number },
): Promise<History[]> {
  const answered = members.flatMap((m) => "status" in m ? [m] : []);
  return await Promise.all(answered.map(async ({ host, status }): Promise<History> => {
    try {
      const { entries } = HistoryAnswer.parse(JSON.parse(await peers.getText(host, "/history", timeoutMs)));
      const known = entries.filter((e) => !Number.isNaN(Date.parse(e.time)));
      const named = status.component !== "postgres-node" && host !== "localhost";
      return { host, entries: named ? known.map((e) => ({ ...e, node: host })) : known };
    } catch (error) {
      return { host, error: errorText(error) };
    }
  }));
}
