// `restore resume`, `finish`, `abort` and `clean`: what an operator does with a restore that is under way, or was interrupted.
import { orders } from "../../core/protocol/orders.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { endUse } from "../../roles/barman/act/uses.ts";
import { gatherSigned, openSession, type Session } from "../cluster/gather.ts";
import { ask } from "../cluster/session.ts";
import { ownAddresses } from "./addresses.ts";
import { combineAgain, forget } from "./combined.ts";
import { nodeToRestore } from "./effect.ts";
import { type Doing, resumeFailover, seeThrough } from "./in-cluster.ts";
import { load, type Saved, type Standing, standingOf } from "./saved.ts";

/** Takes one of these steps. */
export async function goOn(step: string, doing: Doing): Promise<number> {
  const { context, places, out } = doing;
  const session = openSession(context);
  if (step === "clean") return await clean(session, doing);
  const saved = await load(places) ?? await seenRestore(session);
  const { id, node } = saved;
  const stands = await standing(saved, session);
  if (stands === "unknown") return await goOnUnknown(step, saved, session, doing);
  if (stands === "over") return await seeThrough(saved, session, doing);
  if (step === "resume") await combineAgain(saved.backup, doing);
  const { because } = step === "resume"
    ? await ask(session, orders.restoreFrom, node, { id, hosts: ownAddresses() })
    : await ask(session, orders.endRestore, node, { id, undo: step === "abort" });
  out.say(`${node}: ${because}`);
  return await seeThrough({ ...saved, hold: saved.hold && step === "resume" }, session, doing);
}

async function clean(session: Session, { options, out }: Doing): Promise<number> {
  const node = nodeToRestore(options, await gatherSigned(session));
  const { because } = await ask(session, orders.cleanRestore, node.host, {});
  out.say(`${node.host}: ${because}`);
  out.result({ node: node.host, cleaned: because });
  return ExitCode.ok;
}

/** A node that does not answer may carry it out. */
async function standing({ id, node }: Saved, { client }: Session): Promise<Standing> {
  const seen = await client.askNode(node, { timeoutMs: 2_000, fresh: true });
  return seen.seen === "reached" ? standingOf(id, seen.status) : "under way";
}

/** This command ended before the node got the order: there is nothing to go on with, and nothing to put back. */
async function goOnUnknown(step: string, { id, node }: Saved, session: Session, doing: Doing): Promise<number> {
  const { places, out } = doing;
  if (step !== "abort") {
    throw new OperatorError({
      what: `${node} has no order for the restore ${id}`,
      why: "the command that began it ended before the node had answered",
      fix: "type postdock barman restore abort, then begin it anew",
      exitCode: ExitCode.refused,
    });
  }
  const cluster = await gatherSigned(session);
  if (cluster.nodes.some((n) => n.status.paused.on && n.status.paused.restoring === node)) {
    await resumeFailover(session, out);
  }
  await forget(doing);
  await endUse(id, places);
  out.say(`${node} never got the order to restore: nothing was changed there, and nothing is to be put back`);
  out.result({ restore: id, node, state: "never begun" });
  return ExitCode.ok;
}

/** The restore that a node reports, where this container has no record of it. */
async function seenRestore(session: Session): Promise<Saved> {
  const node = (await gatherSigned(session)).nodes.find((n) => n.status.restore !== null);
  if (node?.status.restore) {
    const { id, backup } = node.status.restore;
    return { id, backup, node: node.host, hold: true };
  }
  throw new OperatorError({
    what: "No restore is under way",
    fix: "see `postdock cluster show`; a restore begins with postdock barman restore --to MOMENT",
    exitCode: ExitCode.usage,
  });
}
