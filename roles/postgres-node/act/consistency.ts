// Keeps PostgreSQL waiting for whom the consistency mode says, as nodes come and go; and tells where it cannot.
import { observedRole } from "../state/agent-state.ts";
import { reached } from "../decide/view.ts";
import { decideSync } from "../decide/sync.ts";
import type { Node } from "../node.ts";
import type { Surroundings } from "../observe/surroundings.ts";
import { reloadServer } from "../tools/queries.ts";
import { writeSyncNames } from "./upstream.ts";

/** Whoever sets synchronous_standby_names in CONFIGS has the last word. */
export async function keepConsistency(surroundings: Surroundings, node: Node): Promise<void> {
  const { config, state, memory } = node;
  const role = observedRole(state);
  if (!state.server || (role !== "primary" && role !== "standby")) return;
  if (config.settings.some((s) => s.name.toLowerCase() === "synchronous_standby_names")) return;
  for (const peer of reached(surroundings)) node.names.set(peer.host, peer.name);
  const plan = decideSync({
    mode: config.consistency,
    barman: config.barmanSync,
    role,
    everHadMajority: memory.everHadMajority,
    nodes: config.otherPartners.length + 1,
    others: config.otherPartners.map((host) => ({ host, name: node.names.get(host) ?? null })),
    streaming: state.server.downstream.filter((d) => d.state === "streaming").map((d) => d.application_name),
  });
  noteDegraded(role === "primary" ? plan.degraded : null, node);
  if (plan.names === state.server.state.sync_names) return;
  node.log.info("Commits wait for others", { mode: config.consistency, names: plan.names || "nobody" });
  await writeSyncNames(plan.names, config);
  await reloadServer(node.sql);
}

function noteDegraded(degraded: string | null, node: Node): void {
  if (degraded === node.state.degraded) return;
  if (degraded !== null) {
    node.history.note("Consistency degraded", { mode: node.config.consistency, because: degraded });
  } else {node.history.note("Consistency restored", {
      mode: node.config.consistency,
      because: "everybody it waits for is there",
    });}
  node.state.degraded = degraded;
}
