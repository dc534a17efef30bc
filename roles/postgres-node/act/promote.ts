// What the agent changes on a running standby: its upstream, or its role where repmgrd has not done it.
import type { MayPromote } from "../decide/promotion.ts";
import { errorText } from "../../../core/words/errors.ts";
import { processesIn } from "../../../core/runtime/proc.ts";
import { withDeadline } from "../../../core/runtime/time.ts";
import { no, type Verdict } from "../../../core/words/verdict.ts";
import { observedRole } from "../state/agent-state.ts";
import { fenceServer } from "../lease/fence.ts";
import { announce, licenseOf, type Node, say } from "../node.ts";
import { observeServer } from "../observe/surroundings.ts";
import { askToPromote } from "./permission.ts";
import { promoteServer, reloadServer } from "../tools/queries.ts";
import { ensureSlotOn, writeStandbyState } from "./upstream.ts";
import type { Watch } from "../watch.ts";

/** How long a promotion that was not confirmed is looked at, milliseconds. */
const outcomeMs = 45_000;

/** Points the running standby at another upstream; its WAL receiver restarts by itself after the reload. */
export async function follow(upstream: string, because: string, watch: Watch, node: Node): Promise<void> {
  node.log.info("Following another upstream", { upstream, because });
  if (!(await ensureSlotOn(upstream, node.config, node.log))) return;
  await writeStandbyState(upstream, node.config);
  await reloadServer(node.sql);
  watch.notStreamingSince = null;
  if (node.trouble?.what === "slot-missing") node.trouble = null;
}

/**
 * The agent's own promotion: permission first, then PostgreSQL; repmgr's record follows with the next look.
 * After how many milliseconds to try again, or null.
 */
export async function promoteHere(because: string, node: Node, how: Partial<MayPromote> = {}): Promise<number | null> {
  const started = node.clock.nowMs();
  say(node, "promoting", "asking to promote this standby", because);
  const permission = await askToPromote(node, { tieBreak: false, ...how });
  if (!permission.ok) {
    say(node, "running", "serving as standby", `not promoted: ${permission.because}`);
    return node.lease.retryMs;
  }
  await promoteAllowed(because, started, node);
  return null;
}

/**
 * repmgrd has elected this node and asks. Where there is a lease the agent promotes at once, and repmgrd has nothing to do:
 * `repmgr standby promote` first looks for every other node, which takes seconds where some are gone.
 */
export async function promoteForRepmgrd(node: Node): Promise<Verdict> {
  const started = node.clock.nowMs();
  const verdict = await askToPromote(node, { tieBreak: false });
  if (!verdict.ok || licenseOf(node) === "not-needed") return verdict;
  promoteAllowed(`repmgrd elected this node: ${verdict.because}`, started, node)
    .catch((error) => node.log.error("The promotion failed", { because: errorText(error) }));
  return no("the agent promotes this node itself");
}

async function promoteAllowed(because: string, started: number, node: Node): Promise<void> {
  say(node, "promoting", "promoting this standby", because);
  const promoted = await becomesPrimary(node);
  if (!promoted) await takeBack(node);
  node.state.becomingPrimary = false;
  if (!promoted) return;
  announce(node);
  node.history.note("Promoted", {
    because,
    term: node.lease.term(),
    timeline: node.state.server?.state.timeline,
    tookMs: Math.round(node.clock.nowMs() - started),
  });
  say(node, "running", "serving as primary", because);
}

/** Asks PostgreSQL to become read-write. Where it does not confirm, that says nothing: it is looked at until its role is seen. */
async function becomesPrimary(node: Node): Promise<boolean> {
  const { clock, config, log, state } = node;
  try {
    await withDeadline(promoteServer(node.sql), 15_000, "pg_promote()");
  } catch (error) {
    log.warn("PostgreSQL did not confirm the promotion", { error });
  }
  const end = clock.nowMs() + outcomeMs;
  while (!node.stop.aborted && licenseOf(node) !== "missing" && processesIn("postgres", config.pgdata).length > 0) {
    state.becomingPrimary = true; // nobody else asks on this node meanwhile
    const seen = await observeServer(node).catch(() => null);
    if (seen) state.server = seen;
    if (seen && observedRole(state) === "primary") return true;
    if (clock.nowMs() >= end) return false;
    await clock.sleep(250, node.stop);
  }
  return false;
}

/** A promotion that was asked for may still happen: the server ends first, and only then may another node have the lease. */
async function takeBack(node: Node): Promise<void> {
  const because = "the promotion did not come to an end";
  node.log.error("The promotion failed", { because });
  if (licenseOf(node) !== "not-needed" && !(await fenceServer(node.config.pgdata, node.clock))) return;
  say(node, "waiting", "starting again as a standby", because);
  await node.lease.release(because);
}
