// What a running node keeps in order beside its role: its memory, the lock files of 1.x, and slots that nobody needs.
import { withDeadline } from "../../../core/runtime/time.ts";
import { observedRole, renderStatus } from "../state/agent-state.ts";
import { reached } from "../decide/view.ts";
import { decideUnneededSlots } from "../decide/slots.ts";
import { writeMemory } from "../state/memory.ts";
import { armIfNeeded, type Node, say } from "../node.ts";
import { knownHosts, type Surroundings } from "../observe/surroundings.ts";
import { dropSlot, readSlots } from "../tools/queries.ts";
import { writeLockFiles } from "./upstream.ts";
import type { Watch } from "../watch.ts";

/** how often slots are looked through, milliseconds */
const slotsEveryMs = 10_000;

/** Writes down what must outlive the container: the marker of the first majority, and who is known. */
export async function remember(surroundings: Surroundings, node: Node): Promise<void> {
  const { config, state, memory } = node;
  const systemIdentifier = state.server?.state.system_identifier ?? "";
  const joined = reached(surroundings).filter((p) =>
    p.systemIdentifier === systemIdentifier && config.otherPartners.includes(p.host) && p.role !== "none"
  );
  const size = config.otherPartners.length + 1;
  const majority = size > 1
    ? (joined.length + 1) * 2 > size
    // a node of the second level learns it from those that decide
    : config.upstreamHost !== null && reached(surroundings).some((p) => p.everHadMajority);
  const hosts = knownHosts(config, state, []).toSorted();
  const everHadMajority = memory.everHadMajority || (majority && mayCountMajority(surroundings, node));
  const paused = reached(surroundings).map((p) => p.paused).reduce((a, b) => b.atMs > a.atMs ? b : a, memory.paused);
  const next = { ...memory, nodeId: config.id, systemIdentifier, everHadMajority, hosts, paused };
  if (JSON.stringify(next) === JSON.stringify(memory)) return;
  if (next.everHadMajority && !memory.everHadMajority) {
    node.log.info("A majority of PARTNER_NODES has joined; from now on a majority decides who leads", {
      partners: config.partners,
    });
  }
  await writeMemory(config.pgdata, next);
  const first = next.everHadMajority && !memory.everHadMajority;
  node.memory = next;
  if (first && observedRole(state) === "primary") armIfNeeded(node);
  state.everHadMajority = next.everHadMajority;
}

/** With the lease, the primary says when the first majority has joined: once it holds the lease, so that it is fenced with it. */
function mayCountMajority(surroundings: Surroundings, node: Node): boolean {
  if (!node.lease.mode.on) return true;
  if (observedRole(node.state) === "primary") return node.lease.held();
  return reached(surroundings).some((p) => p.everHadMajority);
}

/** The lock files of 1.x and one log line, each time the role or the upstream changes. */
export async function noteRole(watch: Watch, surroundings: Surroundings, node: Node): Promise<void> {
  const { config, state } = node;
  const role = observedRole(state);
  const upstream = renderStatus(state, config, node.clock.nowMs()).postgres.upstream?.host ?? null;
  const upstreamNodeId = reached(surroundings).find((p) => p.host === upstream)?.nodeId ?? null;
  if (role === watch.lastRole && upstreamNodeId === watch.lastUpstreamId) return;
  if (role !== "primary" && role !== "standby") return;
  if (role !== watch.lastRole) {
    node.log.info("Role observed", { role, upstream, timeline: state.server?.state.timeline });
  }
  Object.assign(watch, { lastRole: role, lastUpstreamId: upstreamNodeId });
  if (state.phase === "running") say(node, "running", `serving as ${role}`, state.because);
  const configured = upstream === config.upstreamHost;
  await writeLockFiles(
    config,
    role === "primary" ? { primary: true } : {
      primary: false,
      upstreamNodeId: configured ? null : upstreamNodeId,
    },
  );
}

/** Slots of nodes that stream from elsewhere would keep WAL for nobody. */
export async function dropUnneededSlots(watch: Watch, surroundings: Surroundings, node: Node): Promise<void> {
  const { clock, config, state, sql } = node;
  if (clock.nowMs() - watch.slotsLookedAt < slotsEveryMs) return;
  watch.slotsLookedAt = clock.nowMs();
  const slots = await withDeadline(readSlots(sql), 3_000, "The local server");
  const unneeded = decideUnneededSlots({
    selfId: config.id,
    selfHost: config.host,
    slots: slots.map((s) => ({ name: s.slot_name, active: s.active })),
    registered: state.server?.registered ?? null,
    peers: reached(surroundings).map((p) => ({
      nodeId: p.nodeId,
      role: p.role,
      streamsFrom: p.streaming ? p.upstream : null,
    })),
  });
  for (const { name, because } of unneeded) {
    node.log.info("Dropping a slot that nobody needs", { slot: name, because });
    await withDeadline(dropSlot(sql, name), 3_000, "The local server");
  }
}
