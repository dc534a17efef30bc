// What an operator asks of this node through the CLI: switchover, forced failover, re-clone, pause. Refusals say why.
import { answering, ControlRefusal } from "../../../core/http/control.ts";
import { observedRole } from "../state/agent-state.ts";
import { reached } from "../decide/view.ts";
import { comparePosition } from "../../../core/postgres/lsn.ts";
import { orders } from "../../../core/protocol/orders.ts";
import { successorOf } from "../act/hand-over.ts";
import { writeMemory } from "../state/memory.ts";
import { licenseOf, type Node, statusOf } from "../node.ts";
import { observeSurroundings } from "../observe/surroundings.ts";
import { promoteHere } from "../act/promote.ts";

/** What carries out an operator's orders; each answers or throws ControlRefusal. */
export function operatorAnswers(node: Node) {
  return [
    answering(orders.switchover, ({ to }) => switchover(to, node)),
    answering(orders.force, () => force(node)),
    answering(orders.reinit, () => reinit(node)),
    answering(orders.pause, ({ on }) => pause(on, node)),
  ];
}

const look = (node: Node) => observeSurroundings(node, { timeoutMs: 1_000, fresh: true });

async function switchover(to: string | null, node: Node): Promise<{ to: string }> {
  if (observedRole(node.state) !== "primary") throw new ControlRefusal("this node is not the primary");
  if (!node.lease.mode.on) throw new ControlRefusal(`a switchover needs the lease: ${node.lease.mode.because}`);
  if (licenseOf(node) !== "held") throw new ControlRefusal("a majority of the voters has not joined yet");
  const succession = successorOf(node, await look(node), to);
  if (!succession) throw new ControlRefusal("this node could not look at its own server");
  if ("none" in succession) throw new ControlRefusal(succession.none);
  node.handOver = { to: succession.to, because: "an operator asked for a switchover" };
  node.wake();
  return { to: succession.to };
}

/** Becomes primary without a majority: the operator answers for the nodes that are missing. */
async function force(node: Node): Promise<{ because: string }> {
  const { config, state, lease, memory } = node;
  if (observedRole(state) === "primary") throw new ControlRefusal("this node is the primary already");
  if (config.otherPartners.length === 0) throw new ControlRefusal("PARTNER_NODES is empty here: this node never leads");
  const seen = await look(node);
  if (seen.primary) throw new ControlRefusal(`${seen.primary.host} is primary and answers: use a switchover`);
  const own = statusOf(node).postgres;
  if (own.systemIdentifier === null || own.timeline === null || own.lsn === null) {
    throw new ControlRefusal("this node has no data to lead with");
  }
  const position = { timeline: own.timeline, lsn: own.lsn };
  const better = reached(seen).find((p) => p.position !== null && comparePosition(p.position, position) > 0);
  if (better) throw new ControlRefusal(`${better.host} has newer data: force that one`);
  node.history.note("Forced failover", { because: "an operator asked for it", missing: missing(node, seen) });
  lease.force();
  node.memory = { ...memory, everHadMajority: true, forced: true };
  state.everHadMajority = true;
  await writeMemory(config.pgdata, node.memory);
  if (observedRole(state) === "standby") {
    await promoteHere("an operator forced a failover", node, { asked: true, proven: true });
  }
  node.wake();
  return { because: state.because };
}

function missing(node: Node, seen: Awaited<ReturnType<typeof look>>): string[] {
  const answering = new Set(reached(seen).map((p) => p.host));
  return node.config.otherPartners.filter((h) => !answering.has(h));
}

function reinit(node: Node): { because: string } {
  if (observedRole(node.state) !== "standby") {
    throw new ControlRefusal(
      "only a running standby is cloned again; make another node primary first, or start this one",
    );
  }
  node.cloneAsked = "an operator asked for a new clone";
  node.wake();
  return { because: "stopping to be cloned" };
}

async function pause(on: boolean, node: Node): Promise<{ on: boolean }> {
  node.memory = { ...node.memory, paused: { on, atMs: node.clock.wallMs() } };
  await writeMemory(node.config.pgdata, node.memory);
  node.history.note(on ? "Automatic failover paused" : "Automatic failover resumed", {
    because: "an operator asked for it",
  });
  return { on };
}
