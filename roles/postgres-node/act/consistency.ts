// Keeps synchronous_standby_names as the consistency mode requires while nodes come and go, and notes when it cannot.
import { waitUntil } from "../../../core/runtime/time.ts";
import { errorText } from "../../../core/words/errors.ts";
import { decideSync, type SyncPlan } from "../decide/sync.ts";
import { majorityJoined } from "../decide/memory.ts";
import type { Surroundings } from "../decide/view.ts";
import { type Node, ownOf } from "../node.ts";
import { observeServer } from "../observe/server.ts";
import { viewOf } from "../observe/surroundings.ts";

export class Consistency {
  /** in a row */
  private failures = 0;

  constructor(private readonly node: Node) {}

  /**
   * Changes nothing if the operator has set synchronous_standby_names in CONFIGS. A value that cannot be set is a degradation;
   * a strict primary that cannot set it twice in a row must not go on: then this throws.
   */
  async keep(surroundings: Surroundings): Promise<void> {
    const { config, seen } = this.node;
    const plan = planOf(this.node, joinedNow(surroundings, this.node));
    if (plan === null) return;
    const role = seen.role();
    try {
      if (plan.names !== seen.now.server?.syncNames) await set(plan.names, this.node);
      this.failures = 0;
      this.noteDegraded(role === "primary" ? plan.degraded : null);
    } catch (error) {
      this.failures++;
      const because = `synchronous_standby_names cannot be set: ${errorText(error)}`;
      this.noteDegraded(because);
      if (config.consistency === "strict" && role === "primary" && this.failures > 1) throw new Error(because);
    }
  }

  private noteDegraded(degraded: string | null): void {
    const { condition, config, history } = this.node;
    if (!condition.degradedTo(degraded)) return;
    const mode = config.consistency;
    if (degraded !== null) return history.warn("Consistency degraded", { mode, because: degraded });
    history.note("Consistency restored", { mode, because: "everything that commits wait for is streaming" });
  }
}

/** How long PostgreSQL may take to load a changed setting, milliseconds. */
const reloadMs = 2_000;

/**
 * Before a promotion: the first commit waits for what CONSISTENCY requires. A clone has the value of its source, and after a
 * change of CONSISTENCY a node has that of the former mode. Throws if the value cannot be set.
 */
export async function putInForce(node: Node): Promise<void> {
  const names = planOf(node, node.memory.now.everHadMajority)?.names;
  const inForce = () => names === undefined || node.seen.now.server?.syncNames === names;
  if (inForce()) return;
  await set(names!, node);
  const loaded = async () => (await observeServer(node), inForce());
  await waitUntil(
    loaded,
    { what: "synchronous_standby_names to be in force", deadlineMs: reloadMs, everyMs: 50 },
    node,
  );
}

/** What commits wait for once a majority has joined; null if an operator has decided it in CONFIGS, or the role is not known. */
export function waitsForOf(node: Node): string | null {
  return planOf(node, true)?.names ?? null;
}

/** Commits begin to wait once a majority answers; the majority counts for good once it has what did not wait (memory.ts). */
function joinedNow(surroundings: Surroundings, node: Node): boolean {
  const { lease, memory } = node;
  if (memory.now.everHadMajority) return true;
  if (node.seen.role() !== "primary" || (lease.mode.on && !lease.held())) return false;
  return majorityJoined({ ...viewOf(node, surroundings), systemIdentifier: ownOf(node).systemIdentifier ?? "" });
}

function planOf({ config, seen }: Node, joined: boolean): SyncPlan | null {
  const { server } = seen.now;
  const role = seen.role();
  if (server === null || (role !== "primary" && role !== "standby")) return null;
  if (config.settings.some((s) => s.name.toLowerCase() === "synchronous_standby_names")) return null;
  return decideSync({
    mode: config.consistency,
    barman: config.barmanSync,
    role,
    joined,
    nodes: config.otherPartners.length + 1,
    others: config.otherPartners.map((host) => ({ host, name: seen.nameOf(host) })),
    streaming: server.downstream.filter((d) => d.state === "streaming").map((d) => d.applicationName),
  });
}

async function set(names: string, { config, doors, log }: Node): Promise<void> {
  log.info("Changing synchronous_standby_names", { mode: config.consistency, names: names || "none" });
  await doors.data.writeSyncNames(names);
  await doors.server.reload();
}
