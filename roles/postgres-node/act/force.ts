// Two special cases of the lease: the first one of a cluster, and the end of a forced failover.
import { countMajority, isRestored } from "../decide/counting.ts";
import type { Surroundings } from "../decide/view.ts";
import { type Node, ownOf } from "../node.ts";
import { viewOf } from "../observe/surroundings.ts";

/** Before a majority has ever joined, the primary needs no lease, but acquires it as soon as a majority grants it. */
export async function getFirstLease(surroundings: Surroundings, node: Node): Promise<void> {
  const { lease, memory, seen } = node;
  if (!lease.mode.on || memory.now.everHadMajority || seen.role() !== "primary") return;
  if (isRestored(viewOf(node, surroundings), ownOf(node).systemIdentifier)) return;
  await lease.acquire();
}

/**
 * A forced primary votes alone until a majority of the configured voters is back and grants it the lease. They then learn the
 * epoch of its leadership, unless they know a greater one (lease.ts).
 */
export async function endForce(surroundings: Surroundings, node: Node): Promise<void> {
  const { config, history, lease, memory, seen } = node;
  if (!memory.now.forced) return;
  const role = seen.role();
  if (role === "primary") {
    const majority = countMajority({ ...viewOf(node, surroundings), quorum: true, everHadMajority: true });
    if (!majority.ok || (lease.mode.on && lease.alone() && !(await lease.unforce()))) return;
  } else if (surroundings.primary === null || surroundings.primary.host === config.host) return;
  else lease.standDown();
  await memory.update((m) => ({ ...m, forced: false }));
  history.note("A majority counts again", { because: "a majority of the voters is back", role });
}
