// A pgpool or barman container as a voter of the lease: it votes, and holds no data.
import { electorateOf, type ObserverConfig, observerName } from "../../config/quorum.ts";
import { type Answering, answering } from "../http/control.ts";
import { orders } from "../protocol/orders.ts";
import { Voter } from "./voter.ts";
import type { Log } from "../runtime/log.ts";

/** What an observer answers if QUORUM_OBSERVERS names this container; otherwise nothing. */
export function observerAnswers(
  config: ObserverConfig,
  hostname: string,
  o: { incarnation: string; log: Log },
): Answering[] {
  const name = observerName(config, hostname);
  if (name === null) return [];
  const { incarnation, log } = o;
  const electorate = electorateOf(config.partners, config.observers);
  const voter = new Voter({ name, incarnation, ttlMs: config.leaseTtlMs, electorate }, log);
  log.info("Voting on the lease", { as: name, voters: electorate });
  return [answering(orders.vote, (request) => voter.handle(request))];
}
