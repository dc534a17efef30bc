// What the agent changes on a running standby: its upstream, or its role where repmgrd has not done it.
import { type Node, say } from "./node.ts";
import { reloadServer } from "./queries.ts";
import { promoteStandby } from "./repmgr.ts";
import { ensureSlotOn, writeStandbyState } from "./upstream.ts";
import type { Watch } from "./watch.ts";

/** Points the running standby at another upstream; its WAL receiver restarts by itself after the reload. */
export async function follow(upstream: string, because: string, watch: Watch, node: Node): Promise<void> {
  node.log.info("Following another upstream", { upstream, because });
  if (!(await ensureSlotOn(upstream, node.config, node.log))) return;
  await writeStandbyState(upstream, node.config);
  await reloadServer(node.sql);
  watch.notStreamingSince = null;
}

/** The agent's own promotion, where repmgrd has not done it; repmgr keeps its records right. */
export async function promoteHere(because: string, node: Node): Promise<void> {
  say(node, "promoting", "promoting this standby", because);
  node.state.becomingPrimary = true;
  const promoted = await promoteStandby(node.log);
  node.state.becomingPrimary = promoted;
  if (promoted) say(node, "running", "serving as primary", because);
  else say(node, "running", "serving as standby", "the promotion failed, it is tried again");
}
