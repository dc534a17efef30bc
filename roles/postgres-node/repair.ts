// What the agent changes on a running standby: its upstream, or its role where repmgrd has not done it.
import type { MayPromote } from "./decide-promotion.ts";
import { withDeadline } from "../runtime/time.ts";
import { observedRole } from "./agent-state.ts";
import { announce, type Node, say } from "./node.ts";
import { observeServer } from "./observe.ts";
import { askToPromote } from "./permission.ts";
import { promoteServer, reloadServer } from "./queries.ts";
import { ensureSlotOn, writeStandbyState } from "./upstream.ts";
import type { Watch } from "./watch.ts";

/** Points the running standby at another upstream; its WAL receiver restarts by itself after the reload. */
export async function follow(upstream: string, because: string, watch: Watch, node: Node): Promise<void> {
  node.log.info("Following another upstream", { upstream, because });
  if (!(await ensureSlotOn(upstream, node.config, node.log))) return;
  await writeStandbyState(upstream, node.config);
  await reloadServer(node.sql);
  watch.notStreamingSince = null;
  if (node.trouble === "slot-missing") node.trouble = null;
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
  say(node, "promoting", "promoting this standby", because);
  try {
    await withDeadline(promoteServer(node.sql), 15_000, "pg_promote()");
    node.state.server = await observeServer(node);
  } catch (error) {
    node.log.error("The promotion failed", { error });
  }
  node.state.becomingPrimary = false;
  if (observedRole(node.state) !== "primary") {
    say(node, "running", "serving as standby", "the promotion failed, it is tried again");
    await node.lease.release("the promotion failed");
    return null;
  }
  announce(node);
  node.history.note("Promoted", {
    because,
    term: node.lease.term(),
    timeline: node.state.server?.state.timeline,
    tookMs: Math.round(node.clock.nowMs() - started),
  });
  say(node, "running", "serving as primary", because);
  return null;
}
