// What was ordered from outside, for the server that runs.
import { leads, type Node } from "../node.ts";
import type { ServerEnd } from "../run.ts";

/** Takes the oldest order. Why the server has to end for it; null if there is none, or it no longer fits this server. */
export function takeOrder(node: Node): ServerEnd | null {
  const again = cloneAgain(node);
  if (again) return again;
  const order = node.orders.take();
  if (order === null) return null;
  if (order.do === "restore") return { why: "restore", because: order.because };
  if (order.do === "hand-over" && leads(node)) {
    return { why: "handed-over", heir: { to: order.to, because: order.because, cause: "switchover" } };
  }
  node.log.warn("An order no longer fits the role of this server, and is dropped", {
    ...order,
    role: node.seen.role(),
  });
  return null;
}

/** An operator has ordered a new clone: why the server ends for it. Null if there is no such order, or this node leads by now. */
export function cloneAgain({ lease, reinit, seen }: Node): ServerEnd | null {
  if (!reinit.wanted) return null;
  if (seen.role() === "primary" || lease.held()) {
    reinit.fails("this node leads now, or is about to: make another node primary first");
    return null;
  }
  return { why: "rejoin", clone: true, streamed: false, because: reinit.now!.because };
}
