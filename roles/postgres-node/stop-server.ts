// The end of a running server: a primary that somebody can follow hands over first; repmgrd goes with the server.
import { finishHandOver, prepareHandOver, successorOf } from "./hand-over.ts";
import type { Node } from "./node.ts";
import { immediateStop, stopSteps } from "./postmaster.ts";
import { stopRepmgrd } from "./registration.ts";
import type { Watch } from "./watch.ts";

/** Stops the server in the way its end asks for: SIGQUIT at once, else fast, handing over where it was primary. */
export async function stopServer(watch: Watch, node: Node): Promise<void> {
  const immediate = node.stop.reason === "SIGQUIT";
  const order = immediate ? null : handOverFrom(watch, node);
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

/** To whom this server's role goes, where it ends as a primary that somebody can follow. */
function handOverFrom(watch: Watch, node: Node): { to: string; because: string } | null {
  const asked = node.handOver;
  if (!watch.postgres.running() || !(asked || node.stop.aborted) || !watch.surroundings) return null;
  const succession = successorOf(node, watch.surroundings, asked?.to ?? null);
  if (!succession) return null;
  if ("none" in succession) {
    node.log.warn("Nobody to hand over to", { because: succession.none });
    return null;
  }
  return { to: succession.to, because: asked?.because ?? `this node stops (${node.stop.reason})` };
}
