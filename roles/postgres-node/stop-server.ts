// The end of a running server: a primary that somebody can follow hands over first; repmgrd goes with the server.
import { finishHandOver, prepareHandOver, successorOf } from "./act/hand-over.ts";
import { type HandOver, leads, type Node } from "./node.ts";
import { finalLook, observeSurroundings } from "./observe/surroundings.ts";
import { immediateStop, stopSteps } from "./tools/postmaster.ts";
import { stopRepmgrd } from "./act/registration.ts";
import type { Watch } from "./watch.ts";

/** Stops the server in the way its end asks for: SIGQUIT at once, else fast, handing over where it was primary. */
export async function stopServer(watch: Watch, node: Node): Promise<void> {
  const immediate = node.stop.reason === "SIGQUIT";
  const order = immediate ? null : await handOverFrom(watch, node);
  node.handOver = null;
  if (order) await prepareHandOver(order.to, order.because, node);
  await Promise.all([
    stopRepmgrd(node),
    watch.postgres.stop(immediate ? immediateStop : stopSteps(node.config.stoppingSeconds * 1000)),
  ]);
  Object.assign(node.state, { postmasterRuns: false, server: null });
  node.lease.disarm();
  if (order) await finishHandOver(order.to, order.because, node);
}

/**
 * To whom this server's role goes, where it ends as a primary that somebody can follow. An order names a standby that was
 * looked at for it; else the last look tells one, or a new look, since a standby may have come back since.
 */
async function handOverFrom(watch: Watch, node: Node): Promise<HandOver | null> {
  const asked = node.handOver;
  if (!watch.postgres.running() || !(asked || node.stop.aborted) || !leads(node)) return null;
  if (asked) return asked;
  const known = watch.surroundings && successorOf(node, watch.surroundings, null);
  const succession = known && "to" in known
    ? known
    : successorOf(node, await observeSurroundings(node, finalLook), null);
  if (!succession) return null;
  if ("none" in succession) {
    node.log.warn("Nobody to hand over to", { because: succession.none });
    return null;
  }
  return { to: succession.to, because: `this node stops (${node.stop.reason})` };
}
