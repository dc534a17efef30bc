// What a node does while its server is down: it pauses, tries again, and votes all the time. Only a refusal ends its agent.
import { lacksRoom } from "../../core/postgres/room.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { refusalOfSystem } from "../../core/words/system-errors.ts";
import { type Broken, countFailure } from "./decide/broken.ts";
import { ServerSurvives } from "./act/end-server.ts";
import { makeRoom } from "./act/room.ts";
import { type Node, say } from "./node.ts";
import { observeRoom } from "./observe/server.ts";
import { troubleOf } from "./observe/trouble.ts";
import type { Bid } from "./state/candidacy.ts";

/** The first pause after a failure; it doubles with each, up to the longest. Milliseconds. */
export const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** The longest one of a node that has been unhealthy for it, milliseconds. */
const patientPauseMs = 30_000;
/** After so long without a start on a full volume, WAL is removed from it: another node could have led by then. Milliseconds. */
const fullMs = 10_000;
/** The time between two looks of a node that waits, milliseconds. */
const waitMs = 500;

/** What is known of a node that tries again. */
export interface Retry {
  /** when the present wait began */
  since: number;
  /** the next pause after a failure, milliseconds */
  pauseMs: number;
  /** why only a clone can bring this node back, or null */
  cloneBecause: string | null;
  /** what was found of its own data since it last served for a while */
  broken: Broken;
  /** while this node is about to start as primary */
  bid: Bid | null;
}

/** Something was achieved: the time of waiting and the pauses start again. */
export function moved({ clock, condition }: Node, retry: Retry): void {
  Object.assign(retry, { since: clock.nowMs(), pauseMs: firstPauseMs });
  condition.moves();
}

/** Waits for other nodes, for as long as it takes; after WAIT_UPSTREAM_TIMEOUT the node counts as unhealthy. */
export async function waitALittle({ clock, condition, stop }: Node, retry: Retry): Promise<void> {
  condition.waits(retry.since);
  await clock.sleep(waitMs, stop);
}

/**
 * Pauses after a failure, and gives the lease back. Throws only what ends the agent: processes that survive, what was refused for
 * safety, and a configuration with which no cluster can be made.
 */
export async function pauseAfterFailure(error: unknown, node: Node, retry: Retry): Promise<void> {
  if (error instanceof ServerSurvives) throw error;
  const { clock, condition, config, history, lease, log, stop } = node;
  const known = refusalOfSystem(error);
  let trouble = troubleOf(known ?? error);
  // no server runs: another node that can start may lead meanwhile
  retry.bid?.end();
  await lease.release(`PostgreSQL was not started: ${trouble.because}`);
  if (error instanceof OperatorError && (error.exitCode === ExitCode.refused || error.exitCode === ExitCode.config)) {
    throw error;
  }
  const counted = countFailure(trouble.because, retry.broken);
  retry.broken = counted.broken;
  if (counted.cloneBecause !== null) retry.cloneBecause = counted.cloneBecause;
  // looked at again: a start that failed may have taken what there was
  if (condition.failingMs(clock.nowMs()) >= fullMs && lacksRoom(await observeRoom(node).catch(() => null))) {
    trouble = await makeRoom(trouble, node);
  }
  const news = condition.failed(clock.nowMs(), trouble);
  node.restoring.set({ step: "waiting", trouble: trouble.because });
  if (news) history.warn("The attempt failed", { ...trouble });
  if (known === null) log.error("An unexpected error", { error });
  log.warn("Trying again after a pause", { afterMs: retry.pauseMs });
  say(node, "waiting", "pausing after a failure", trouble.because);
  // the operator's clone was one attempt: what was there before it serves again, if it can
  if (node.reinit.attemptFailed(trouble.because)) retry.cloneBecause = null;
  const pauseMs = node.reinit.wanted ? firstPauseMs : retry.pauseMs;
  await Promise.race([clock.sleep(pauseMs, stop), node.reinit.arrives()]);
  const longest = condition.failingMs(clock.nowMs()) >= config.waitStartSeconds * 1000
    ? patientPauseMs
    : longestPauseMs;
  retry.pauseMs = Math.min(retry.pauseMs * 2, longest);
}
