// The orders that an operator gives this node through the CLI: switchover, forced failover, new clone, pause. Refusals say why.
import { answering, ControlRefusal } from "../../../core/http/control.ts";
import { secretsAnswer } from "../../../core/http/secrets.ts";
import { comparePosition } from "../../../core/postgres/lsn.ts";
import { newerPause, type Pause } from "../../../core/protocol/pause.ts";
import { orders } from "../../../core/protocol/orders.ts";
import { successorOf } from "../act/hand-over.ts";
import { highestKnown } from "../act/leadership.ts";
import { reconnect, storePassword } from "../act/secrets.ts";
import { promoteHere } from "../act/promote.ts";
import { electable } from "../decide/counting.ts";
import { reached, type Surroundings } from "../decide/view.ts";
import { licenseOf, type Node, ownOf } from "../node.ts";
import { observeSurroundings, viewOf } from "../observe/surroundings.ts";

/** What carries out an operator's orders; each answers or throws ControlRefusal. */
export function operatorAnswers(node: Node) {
  return [
    answering(orders.switchover, ({ to }) => switchover(to, node)),
    answering(orders.force, () => force(node)),
    answering(orders.reinit, () => reinit(node)),
    answering(orders.pause, (order) => pause(order, node)),
    secretsAnswer(node.secrets, {
      use: (password) => storePassword(password, node),
      reconnect: (role) => reconnect(role, node),
    }),
  ];
}

const look = (node: Node) => observeSurroundings(node, { timeoutMs: 1_000, fresh: true });

async function switchover(to: string | null, node: Node): Promise<{ to: string }> {
  if (node.seen.role() !== "primary") throw new ControlRefusal("this node is not the primary");
  if (!node.lease.mode.on) throw new ControlRefusal(`a switchover needs the lease: ${node.lease.mode.because}`);
  if (licenseOf(node) !== "held") throw new ControlRefusal("a majority of the voters has not joined yet");
  const succession = successorOf(node, await look(node), to);
  if (!succession) throw new ControlRefusal("this node cannot see its own server");
  if ("none" in succession) throw new ControlRefusal(succession.none);
  const because = "an operator asked for a switchover";
  if (!node.orders.give({ do: "hand-over", to: succession.to, because })) {
    throw new ControlRefusal("another switchover is under way");
  }
  return { to: succession.to };
}

/** Becomes primary without a majority: the operator answers for the nodes that are missing. */
async function force(node: Node): Promise<{ because: string }> {
  const { activity, config, history, lease, memory, seen } = node;
  if (seen.role() === "primary") throw new ControlRefusal("this node is the primary already");
  if (lease.held()) throw new ControlRefusal("this node holds the lease: it is about to lead");
  if (config.otherPartners.length === 0) throw new ControlRefusal("PARTNER_NODES is empty here: this node never leads");
  const surroundings = await look(node);
  const view = viewOf(node, surroundings);
  const { restoring } = view;
  if (restoring !== null && restoring !== config.host) {
    throw new ControlRefusal(
      `${restoring} is being restored from a backup: type postdock barman restore abort, or postdock cluster resume if it is gone`,
    );
  }
  if (surroundings.primary) {
    throw new ControlRefusal(`${surroundings.primary.host} is primary and answers: type postdock cluster switchover`);
  }
  const own = ownOf(node);
  if (own.data === "empty" && config.upstreamHost === null) return forceFresh(node);
  if (own.systemIdentifier === null || own.timeline === null || own.lsn === null) {
    throw new ControlRefusal("this node has no data with which to become primary");
  }
  const position = { timeline: own.timeline, lsn: own.lsn };
  const better = electable(view, own.systemIdentifier).find((p) =>
    p.position !== null && comparePosition(p.position, position) > 0
  );
  if (better) throw new ControlRefusal(`${better.host} has newer data: force that node instead`);
  history.warn("Forced failover", { because: "an operator asked for it", missing: missing(node, surroundings) });
  const above = await highestKnown(own.timeline, own.systemIdentifier, node);
  await memory.update((m) => ({
    ...m,
    everHadMajority: true,
    forced: true,
    force: { host: config.host, above, timelines: m.force?.timelines ?? [] },
  }));
  lease.force();
  if (seen.role() === "standby") {
    await promoteHere("an operator forced a failover", node, { asked: true, cause: "forced" });
  }
  activity.wake();
  return { because: activity.because };
}

/** The empty first node makes a fresh cluster: the operator answers for it that no data is left of an earlier one. */
function forceFresh({ activity, history, orders }: Node): { because: string } {
  history.warn("A fresh cluster is made", {
    because: "an operator asked for it, although a voter knows of an earlier one",
  });
  orders.freshCluster = true;
  activity.wake();
  return { because: "the empty node makes a fresh cluster" };
}

function missing(node: Node, surroundings: Surroundings): string[] {
  const answering = new Set(reached(surroundings).map((p) => p.host));
  return node.config.otherPartners.filter((h) => !answering.has(h));
}

/** Whatever state this node is in, unless it leads. */
async function reinit(node: Node): Promise<{ because: string; id: number }> {
  const { config, lease, memory, seen } = node;
  if (memory.now.restore !== null) {
    throw new ControlRefusal("this node is being restored from a backup: type postdock barman restore abort");
  }
  if (seen.role() === "primary" || lease.held()) {
    throw new ControlRefusal("this node is the primary, or about to be: make another node primary first");
  }
  const { primary } = await look(node);
  if (primary === null || primary.host === config.host) {
    throw new ControlRefusal("no primary is in sight to clone this node from");
  }
  const { id } = node.reinit.order("an operator asked for a new clone"); // given twice, it is done once
  if (node.activity.phase === "cloning") node.reinit.begins(); // it is being cloned already, which is what was asked for
  node.activity.wake();
  return { because: `it is cloned from ${primary.host} or its upstream`, id };
}

async function pause(order: Pause, node: Node): Promise<Pause> {
  await node.memory.update((m) => ({ ...m, paused: newerPause(order, m.paused) }));
  const { paused } = node.memory.now;
  if (paused.on !== order.on) {
    throw new ControlRefusal("this node knows a newer order about automatic failover; type the command again");
  }
  const asked = { because: "an operator asked for it" };
  if (order.on) node.history.warn("Automatic failover paused", asked);
  else node.history.note("Automatic failover resumed", asked);
  return paused;
}
