// The last question before a server becomes read-write without the lease, in a fresh cluster or in one that no majority has
// joined as far as this node knows: has any voter granted an epoch? Then a majority has, and its data may only be out of sight.
import type { StartupPlan } from "../decide/startup.ts";
import { ofCluster } from "../../../core/lease/decide/epoch.ts";
import { type Node, ownOf } from "../node.ts";

/** The plan, or to wait where a voter knows of a leadership. An operator has the last word. */
export async function askBeforeUnleased(plan: StartupPlan, node: Node): Promise<StartupPlan> {
  const { config, doors, lease, memory, orders } = node;
  if (!lease.mode.on || memory.now.everHadMajority) return plan;
  if (!(plan.do === "bootstrap" && !orders.freshCluster) && plan.do !== "start-primary") return plan;
  const { systemIdentifier } = ownOf(node);
  const led = lease.leaderships();
  const [own] = plan.do === "bootstrap" ? led : ofCluster(led, systemIdentifier ?? "");
  const voter = own === undefined ? await doors.others.grantedEpoch() : config.host;
  if (voter === null) return plan;
  if (plan.do === "start-primary") {
    return {
      do: "wait",
      because:
        `the voter ${voter} has granted an epoch, so a majority has joined this cluster, which the volume of this node does ` +
        "not remember: it is an older copy, or was away since; it waits for the other nodes with data; if those are lost, " +
        `type postdock cluster failover --force ${config.host}`,
    };
  }
  return {
    do: "wait",
    because:
      `the voter ${voter} has granted an epoch, so there has been a cluster: this empty node waits for a node that ` +
      "has its data, and makes no other; if all its data is lost, type postdock cluster failover --force " +
      config.host,
  };
}
