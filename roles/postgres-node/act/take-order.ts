// What was ordered from outside, for the server that runs.
import { leads, type Node } from "../node.ts";
import type { ServerEnd } from "../run.ts";

/** Takes the oldest order. Why the server has to end for it; null if there is none, or it no longer fits this server. */
export function takeOrder(node: Node): ServerEnd | null {
  const order = node.orders.take();
  if (order === null) return null;
  if (order.do === "reinit" && node.seen.role() === "standby") {
    return { why: "rejoin", clone: true, streamed: false, because: order.because };
  }
  if (order.do === "restore") return { why: "restore", because: order.because };
  if (order.do === "hand-over" && leads(node)) {
    return { why: "handed-over", heir: { to: order.to, because: order.because } };
  }
  node.log.warn("An order no longer fits the role of this server, and is dropped", {
    ...order,
    role: node.seen.role(),
  });
  return null;
}
