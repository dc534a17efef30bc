// Tells nodes that keep data from before a restore once a base backup from after it is whole: only then those data may go.
import { errorText } from "../../../core/words/errors.ts";
import { orders } from "../../../core/protocol/orders.ts";
import type { Barman } from "../state.ts";

const answerMs = 5_000;

/** Asks the nodes that need to know. One that does not answer is told at the next look. */
export async function tellBackedUp({ client, log, state }: Barman): Promise<void> {
  const newest = state.catalog?.newest ?? null;
  if (newest === null) return;
  // a restored node begins a timeline above all others, so a backup on it, or on a later one, began after the restore
  const told = state.keeping.filter(({ timeline }) => newest.timeline >= timeline);
  for (const { host } of told) {
    const { timeline, id: backup } = newest;
    try {
      const { because } = await client.ask(orders.backedUp, host, { timeline, backup }, answerMs);
      log.info("A node that keeps data from before a restore knows of a backup from after it", {
        host,
        backup,
        because,
      });
    } catch (error) {
      log.warn("A node could not be told of the backup after its restore", { host, backup, why: errorText(error) });
    }
  }
  state.keeping = state.keeping.filter((k) => !told.includes(k));
}
