// A server that was started, until it answers; a primary that recovers for long may give way meanwhile.
import { errorText } from "../../core/words/errors.ts";
import { lookForSuccessor } from "./act/hand-over.ts";
import type { Node } from "./node.ts";
import { observeServer } from "./observe/surroundings.ts";
import type { Watch } from "./watch.ts";

/** "ended": it died first, or the container is to stop. Else ready, or to whom and why the role should go. */
export async function waitUntilReady(
  watch: Watch,
  role: "primary" | "standby",
  node: Node,
): Promise<"ready" | "ended" | { to: string; because: string }> {
  const since = node.clock.nowMs();
  let reported = since;
  while (watch.postgres.running() && !node.stop.aborted) {
    try {
      node.state.server = await observeServer(node);
      node.state.fenced = null;
      return "ready";
    } catch (error) {
      const plan = role === "primary" ? await lookForSuccessor(since, node) : null;
      if (plan?.do === "hand-over") return plan;
      if (node.clock.nowMs() - reported >= node.config.recoveryCheckSeconds * 1000) {
        reported = node.clock.nowMs();
        node.log.info("PostgreSQL does not answer yet", { why: errorText(error) });
      }
      await node.clock.sleep(100, node.stop);
    }
  }
  return "ended";
}
