// The last question before a fresh cluster is made: has any voter granted an epoch? Then there was a cluster, and its data may
// only be out of sight.
import type { StartupPlan } from "../decide/startup.ts";
import type { Node } from "../node.ts";

/** The plan to make a fresh cluster, or to wait where a voter knows of an earlier one. An operator has the last word. */
export async function askBeforeBootstrap(plan: StartupPlan, node: Node): Promise<StartupPlan> {
  const { config, doors, lease, orders } = node;
  if (plan.do !== "bootstrap" || !lease.mode.on || orders.freshCluster) return plan;
  const own = lease.leaderships()[0];
  const voter = own === undefined ? await doors.others.grantedEpoch() : config.host;
  if (voter === null) return plan;
  return {
    do: "wait",
    because:
      `the voter ${voter} has granted an epoch, so there has been a cluster: this empty node waits for a node that ` +
      "has its data, and makes no other; if all its data is lost, type postdock cluster failover --force " +
      config.host,
  };
}
