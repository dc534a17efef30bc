// PURE: whether repmgr's record of this node is right.
import type { RegisteredNode } from "../../../core/protocol/status.ts";
import type { RestartPolicy } from "../../../core/runtime/decide/restart.ts";

export interface RegistrationView {
  self: { nodeId: number; nodeName: string; host: string; priority: number };
  role: "primary" | "standby";
  /** repmgr.nodes as this node sees it; null if the table does not exist */
  registered: readonly RegisteredNode[] | null;
  /** node id of the upstream; null if it is not known */
  upstreamNodeId: number | null;
}

export type RegistrationNeed =
  | { need: "none" }
  /** there is no usable record: register at once */
  | { need: "now"; because: string }
  /** the record differs: repmgr itself may be about to change it */
  | { need: "soon"; because: string };

export function decideRegistration(view: RegistrationView): RegistrationNeed {
  const record = view.registered?.find((r) => r.nodeId === view.self.nodeId);
  if (!record) return { need: "now", because: "this node is not in repmgr.nodes" };
  if (
    record.nodeName !== view.self.nodeName || record.host !== view.self.host || record.priority !== view.self.priority
  ) {
    return { need: "now", because: "the record has a different name, host or priority" };
  }
  if (record.holdsPassword) {
    return { need: "now", because: "the record holds a password, which others read and which may be old" };
  }
  if (record.type !== view.role) {
    return { need: "soon", because: `the record has the type ${record.type}, but this node is a ${view.role}` };
  }
  if (!record.active) return { need: "soon", because: "the record is marked inactive" };
  if (view.role === "standby" && view.upstreamNodeId !== null && record.upstreamNodeId !== view.upstreamNodeId) {
    return {
      need: "soon",
      because:
        `the record names node ${record.upstreamNodeId} as upstream, but the upstream is node ${view.upstreamNodeId}`,
    };
  }
  return { need: "none" };
}

/** A difference that repmgr may be about to correct is left for this long, milliseconds. */
export const registrationGraceMs = 4_000;
/** A registration that failed is tried again after this long, milliseconds. */
export const registrationRetryMs = 5_000;
/** When repmgrd is started again after it has ended by itself. */
export const repmgrdRestart: RestartPolicy = {
  restart: "always",
  firstPauseMs: 500,
  maxPauseMs: 3_000,
  steadyMs: 10_000,
};
