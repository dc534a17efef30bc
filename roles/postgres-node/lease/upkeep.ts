// What a running node does about its lease beside renewing it: the first one of a cluster, and the end of a forced failover.
import { observedRole } from "../state/agent-state.ts";
import { countMajority } from "../decide/view.ts";
import { writeMemory } from "../state/memory.ts";
import type { Node } from "../node.ts";
import { type Surroundings, viewOf } from "../observe/surroundings.ts";

/** Before a majority has ever joined the primary needs no lease, and takes it as soon as it can be had. */
export async function getFirstLease(node: Node): Promise<void> {
  if (!node.lease.mode.on || node.memory.everHadMajority || observedRole(node.state) !== "primary") return;
  await node.lease.acquire();
}

/** A forced primary votes alone until a majority of the configured voters is back and grants it the lease. */
export async function endForce(surroundings: Surroundings, node: Node): Promise<void> {
  if (!node.memory.forced) return;
  const role = observedRole(node.state);
  if (role === "primary") {
    const majority = countMajority({ ...viewOf(node, surroundings), quorum: true, everHadMajority: true });
    if (!majority.ok || (node.lease.mode.on && !(await node.lease.unforce()))) return;
  } else if (surroundings.primary === null || surroundings.primary.host === node.config.host) return;
  else node.lease.standDown();
  node.memory = { ...node.memory, forced: false };
  await writeMemory(node.config.pgdata, node.memory);
  node.history.note("A majority counts again", { because: "the nodes that were missing are back", role });
}
