// Tells a voter again which epoch it has granted. A voter that was made again has forgotten it, for example a container whose
// state has no volume. While it does not know it, it would let a node lead that has not followed this leadership.
import type { ControlClient } from "../../../core/client/control-client.ts";
import type { EpochRequest } from "../../../core/lease/decide/epoch.ts";
import { orders } from "../../../core/protocol/orders.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { errorText } from "../../../core/words/errors.ts";

const askMs = 600;

export class Reminder {
  private readonly telling = new Set<string>();

  constructor(private readonly client: Pick<ControlClient, "ask">, private readonly log: Log) {}

  /** One question at a time to each voter. Never throws; the next renewal shows whether the voter knows it now. */
  async tell(voter: string, request: EpochRequest): Promise<void> {
    if (this.telling.has(voter)) return;
    this.telling.add(voter);
    try {
      const { granted, because } = await this.client.ask(orders.epoch, voter, request, askMs);
      this.log.info("A voter did not know the epoch of this leadership", {
        voter,
        epoch: request.epoch,
        granted,
        because,
      });
    } catch (error) {
      this.log.info("A voter that does not know the epoch of this leadership does not answer", {
        voter,
        why: errorText(error),
      });
    } finally {
      this.telling.delete(voter);
    }
  }
}
