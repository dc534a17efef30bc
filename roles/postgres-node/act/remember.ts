// Writes down what must outlive the container: that a majority has joined once, and which nodes are known.
import { waitsForOf } from "./consistency.ts";
import { decideMemory } from "../decide/memory.ts";
import type { Surroundings } from "../decide/view.ts";
import { armIfNeeded, licenseOf, type Node } from "../node.ts";
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
  node.log.info("A majority of PARTNER_NODES has joined; from now on a majority decides which node is the primary", {
    partners: config.partners,
  });
  if (seen.role() === "primary") armIfNeeded(node);
}
