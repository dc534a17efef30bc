// Keeps synchronous_standby_names as the consistency mode requires while nodes come and go, and notes when it cannot.
import { decideSync } from "../decide/sync.ts";
import type { Node } from "../node.ts";

/** Changes nothing if the operator has set synchronous_standby_names in CONFIGS. */
export async function keepConsistency(node: Node): Promise<void> {
  const { config, doors, log, memory, seen } = node;
  const { server } = seen.now;
  const role = seen.role();
  if (server === null || (role !== "primary" && role !== "standby")) return;
  if (config.settings.some((s) => s.name.toLowerCase() === "synchronous_standby_names")) return;
  const plan = decideSync({
    mode: config.consistency,
    barman: config.barmanSync,
    role,
    everHadMajority: memory.now.everHadMajority,
    nodes: config.otherPartners.length + 1,
    others: config.otherPartners.map((host) => ({ host, name: seen.nameOf(host) })),
    streaming: server.downstream.filter((d) => d.state === "streaming").map((d) => d.applicationName),
  });
  noteDegraded(role === "primary" ? plan.degraded : null, node);
  if (plan.names === server.syncNames) return;
  log.info("Changing synchronous_standby_names", { mode: config.consistency, names: plan.names || "none" });
  await doors.data.writeSyncNames(plan.names);
  await doors.server.reload();
}

function noteDegraded(degraded: string | null, node: Node): void {
  if (!node.condition.degradedTo(degraded)) return;
  const mode = node.config.consistency;
  if (degraded !== null) return node.history.note("Consistency degraded", { mode, because: degraded });
  node.history.note("Consistency restored", { mode, because: "everything that commits wait for is streaming" });
}
