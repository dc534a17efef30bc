// PURE: which of this server's repmgr slots no node needs any more. Other slots, such as barman's, are never touched.
import type { RegisteredNode } from "../../../core/protocol/status.ts";
import { slotName } from "../text/repmgr-conf.ts";

export interface SlotSeen {
  name: string;
  active: boolean;
}

export interface SlotView {
  selfId: number;
  slots: readonly SlotSeen[];
  /** repmgr.nodes; null if it could not be read: then nothing is dropped */
  registered: readonly RegisteredNode[] | null;
  /** what the reached nodes report: their id and the host that they stream from */
  peers: readonly { nodeId: number; role: string; streamsFrom: string | null }[];
  selfHost: string;
}

/**
 * A slot is dropped if its node certainly streams from another node, is no longer registered, or is this node itself.
 * The slot of an unreachable node stays: the node may come back, and max_slot_wal_keep_size bounds the cost.
 */
export function decideUnneededSlots(view: SlotView): { name: string; because: string }[] {
  const { registered } = view;
  if (registered === null || registered.length === 0) return [];
  return view.slots.flatMap((slot) => {
    const id = nodeIdOf(slot.name);
    if (slot.active || id === null) return [];
    if (id === view.selfId) return [{ name: slot.name, because: "it is named after this node itself" }];
    const peer = view.peers.find((p) => p.nodeId === id);
    if (!registered.some((r) => r.nodeId === id)) {
      // a node that answers and is not registered yet was just cloned, or is being cloned: its slot keeps its WAL
      if (peer !== undefined && (peer.streamsFrom === null || peer.streamsFrom === view.selfHost)) return [];
      return [{ name: slot.name, because: `no node ${id} is registered` }];
    }
    if (peer?.role !== "standby" || peer.streamsFrom === null || peer.streamsFrom === view.selfHost) return [];
    return [{ name: slot.name, because: `node ${id} streams from ${peer.streamsFrom}` }];
  });
}

/** With a smaller part of the volume free, slots that nobody uses give way. */
const littleRoom = 0.1;
/** A slot that keeps less WAL than this would not make room, bytes. */
const worthwhile = 32 * 1024 * 1024;

/** The slots that go before the volume is full: whoever comes back to one is cloned, or takes a base backup. */
export function slotsToGiveUp(
  { freeBytes, totalBytes }: { freeBytes: number; totalBytes: number },
  slots: readonly (SlotSeen & { keptBytes: number })[],
): string[] {
  if (freeBytes >= totalBytes * littleRoom) return [];
  return slots.filter((s) => !s.active && s.keptBytes >= worthwhile).map((s) => s.name);
}

function nodeIdOf(name: string): number | null {
  const digits = /^repmgr_slot_(\d+)$/.exec(name)?.[1];
  return digits !== undefined && slotName(Number(digits)) === name ? Number(digits) : null;
}
