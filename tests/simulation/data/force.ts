// A forced failover: an operator orders it, and it ends once a majority is back.
import { comparePosition } from "../../../core/postgres/lsn.ts";
import { electable } from "../../../roles/postgres-node/decide/counting.ts";
import { decideForce, type ForcePlan } from "../../../roles/postgres-node/decide/force.ts";
import type { SimNode } from "./node.ts";
import {
  look,
  majorityAnswers,
  reportedPosition,
  roleOf,
  type Surroundings,
  systemIdentifier,
  viewOf,
} from "./views.ts";
import type { DataWorld } from "./world.ts";

/** An operator forces a standby while no primary runs. Nothing is promised for what it lacks, or writes before a majority is back. */
export function force(node: SimNode, world: DataWorld): void {
  const { disk, now, settings } = node;
  if (now?.server !== "standby" || !now.answers || settings.electorate.length === 0) return;
  if (world.lease.holder !== null || world.nodes.some((n) => n.disk.memory.forced)) return;
  if (world.nodes.some((n) => n.now?.server === "primary" || n.now?.orphan) || hasNewerInSight(node, world)) return;
  disk.memory = { ...disk.memory, everHadMajority: true, forced: true };
  now.asked = now.votesAlone = true;
}

/** Then the operator is asked to force that node instead. */
function hasNewerInSight(node: SimNode, world: DataWorld): boolean {
  const position = reportedPosition({ disk: node.disk, now: node.now! });
  const peers = electable(viewOf(node, look(node, world), world), systemIdentifier);
  return position === null || peers.some((p) => p.position !== null && comparePosition(p.position, position) > 0);
}

/** As in act/force.ts. True if the node has to lead again before a majority counts. */
export function endForce(node: SimNode, seen: Surroundings, world: DataWorld): boolean {
  const { disk, now } = node;
  let plan = planOf(node, seen, world);
  if (plan.do === "ask-majority" && world.lease.unforce(node)) plan = planOf(node, seen, world);
  if (plan.do === "lead-again") return true;
  if (plan.do !== "end" && plan.do !== "stand-down") return false;
  now!.votesAlone = false;
  disk.memory = { ...disk.memory, forced: false };
  return false;
}

function planOf(node: SimNode, seen: Surroundings, world: DataWorld): ForcePlan {
  const { disk, now } = node;
  const view = viewOf(node, seen, world);
  return decideForce({
    ...view,
    role: roleOf(now!),
    forced: disk.memory.forced,
    votesAlone: now!.votesAlone,
    majority: majorityAnswers(node, world),
    epochGranted: world.lease.epoch !== null || !world.rules.forceEndsAbove,
  });
}
