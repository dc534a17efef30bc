// Writes down what must outlive the container: that a majority has joined once, and which nodes are known.
import { waitsForOf } from "./consistency.ts";
import { decideMemory, newestPause } from "../decide/memory.ts";
import { forceSeen, type Joining, joins, withForce } from "../decide/overruled.ts";
import type { StartupPlan } from "../decide/startup.ts";
import type { OwnData, Surroundings } from "../decide/view.ts";
import { announce, armIfNeeded, licenseOf, type Node } from "../node.ts";
import { knownHosts, viewOf } from "../observe/surroundings.ts";

export async function remember(surroundings: Surroundings, node: Node): Promise<void> {
  const { config, lease, memory, seen } = node;
  const { server } = seen.now;
  const first = !memory.now.everHadMajority;
  await memory.update((old) => ({
    ...old,
    ...decideMemory({
      ...viewOf(node, surroundings),
      nodeId: config.id,
      systemIdentifier: server?.systemIdentifier ?? "",
      role: seen.role(),
      leaseInForce: lease.mode.on,
      streaming: server?.standby === true && server.upstream?.streaming === true,
      upstream: server?.upstream?.host ?? null,
      held: lease.held(),
      lawful: licenseOf(node) !== "missing",
      timeline: server?.timeline ?? null,
      waitsFor: waitsForOf(node),
      syncSince: seen.now.syncSince,
      hosts: knownHosts(node, []),
      before: old,
    }),
  }));
  if (!first || !memory.now.everHadMajority) return;
  announce(node);
  node.log.info("A majority of PARTNER_NODES has joined; from now on a majority decides which node is the primary", {
    partners: config.partners,
  });
  if (seen.role() !== "primary" || server === null) return;
  armIfNeeded(node);
  await lease.adoptEpoch(server.timeline, server.systemIdentifier);
}

/**
 * Before the data here becomes that of the primary in sight: what is forced is known before it is here, since a crash may come
 * between. A standby that joins a cluster which has had a majority needs the lease from its first moment on. A node that starts
 * as primary does not learn that from others (counting.ts, isRestored).
 */
export async function rememberBefore(plan: StartupPlan, joining: Joining, { memory }: Node): Promise<void> {
  if (!joins(plan)) return;
  const joined = plan.do === "start-standby" && joining.majorityKnown;
  await memory.update((m) => ({
    ...m,
    force: withForce(m.force, joining.force),
    everHadMajority: m.everHadMajority || joined,
  }));
}

/**
 * What a look teaches a node without a server. An operator may have ordered a pause while it was away, for example since another
 * node is restored. And a primary of a majority outranks the force that the data here may be of; how a node ends a force of its
 * own is another matter (act/force.ts).
 */
export async function rememberSeen(seen: Surroundings, { memory }: Node): Promise<void> {
  await memory.update((m) => ({
    ...m,
    paused: newestPause(m.paused, seen),
    force: m.forced ? m.force : forceSeen(m.force, seen),
  }));
}

/** The data here is that of the primary by now. */
export async function rememberJoined({ force, majorityKnown }: Joining, { memory }: Node): Promise<void> {
  await memory.update((m) => ({ ...m, force, everHadMajority: m.everHadMajority || majorityKnown }));
}

/** What was remembered of another cluster says nothing of this one, for example after its volume was replaced. */
export async function forgetOtherCluster(data: OwnData, { log, memory }: Node): Promise<void> {
  const { systemIdentifier } = memory.now;
  if (data.kind !== "cluster" || systemIdentifier === "" || systemIdentifier === data.systemIdentifier) return;
  log.warn("The node's memory is of another cluster, and is forgotten", {
    remembered: systemIdentifier,
    here: data.systemIdentifier,
  });
  const none = { everHadMajority: false, granted: null, followed: 0, forced: false, force: null, hosts: [] };
  await memory.update((m) => ({ ...m, ...none, systemIdentifier: data.systemIdentifier }));
}
