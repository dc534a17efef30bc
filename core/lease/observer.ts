// A pgpool or barman container as a voter of the lease: it votes, and holds no data.
import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import { electorateOf, type ObserverConfig, observerName } from "../../config/quorum.ts";
import { type Answering, answering, controlApp, refusedRequests } from "../http/control.ts";
import { orders } from "../protocol/orders.ts";
import { openEpochs } from "./epochs.ts";
import { openLongestLease } from "./longest.ts";
import { Voter } from "./voter.ts";
import type { EventMetrics } from "../words/metric.ts";
import type { Log } from "../runtime/log.ts";
import type { Clock } from "../runtime/time.ts";

/** What a container without data needs in order to take orders. */
export interface ObserverDeps {
  config: ObserverConfig;
  /** of the cluster; a derived one takes a tenth of a second, so each process derives it once */
  keys: readonly string[];
  hostname: string;
  /** where it keeps what it has granted; it has to outlive the container's restarts */
  stateDirectory: string;
  /** the hosts of the nodes that it knows now */
  nodes: () => readonly string[];
  clock: Clock;
  log: Log;
  metrics: EventMetrics;
}

/** The orders that the container takes: votes, if QUORUM_OBSERVERS names it, and its own `others`. */
export async function observerControl(
  { config, keys, hostname, stateDirectory, nodes, clock, log, metrics }: ObserverDeps,
  others: readonly Answering[] = [],
): Promise<Hono> {
  const incarnation = randomUUID();
  const name = observerName(config, hostname);
  const votes: Answering[] = [];
  if (name !== null) {
    const electorate = electorateOf(config.partners, config.observers);
    const voter = new Voter(
      { name, incarnation, ttlMs: config.leaseTtlMs, electorate },
      log,
      await openEpochs(stateDirectory, log),
      await openLongestLease(stateDirectory, config.leaseTtlMs, log),
    );
    log.info("Voting on the lease", { as: name, voters: electorate });
    votes.push(
      answering(orders.vote, (request) => voter.handle(request)),
      answering(orders.epoch, (request) => voter.grantEpoch(request)),
    );
  }
  const names = () =>
    [...config.partners, ...config.observers, ...nodes()].filter((host) => host !== (config.networkName ?? hostname));
  const refused = refusedRequests(metrics);
  return controlApp([...votes, ...others], { keys, incarnation, clock, log, refused, others: names });
}
