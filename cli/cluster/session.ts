// What the commands of `postdock cluster` share: orders to a node, waiting for what was ordered.
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { HttpError } from "../../core/client/peers.ts";
import type { Order } from "../../core/protocol/orders.ts";
import { waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, gatherSigned, type Session } from "./gather.ts";

/** How long a node has to answer an order, milliseconds. */
const askMs = 10_000;

/** Gives a node an order and returns its answer. Throws an OperatorError with its refusal, or with why it did not answer. */
export async function ask<Question extends object, Answer extends object>(
  session: Session,
  order: Order<Question, Answer>,
  host: string,
  question: Question,
): Promise<Answer> {
  try {
    return await session.client.ask(order, host, question, askMs);
  } catch (error) {
    const refused = error instanceof HttpError;
    throw new OperatorError({
      what: `${host} ${refused ? "refuses" : "did not answer"}`,
      why: refused ? error.body : errorText(error),
      fix: refused && error.status === 401
        ? "run the command in a container with the cluster's CLUSTER_KEY or REPLICATION_PASSWORD"
        : "correct what is named here, then try again; `postdock cluster show` shows the state of every node",
      exitCode: refused ? ExitCode.refused : ExitCode.unavailable,
    });
  }
}

/** Looks at the cluster every 100 ms until `done` is true of it. Throws an OperatorError after `deadlineMs`. */
export async function until(
  session: Session,
  what: string,
  deadlineMs: number,
  done: (now: Cluster) => boolean,
): Promise<void> {
  let last: Cluster | null = null;
  const troubles = () =>
    (last?.nodes ?? []).flatMap(({ host, status: { trouble } }) => trouble ? [`${host}: ${trouble.because}`] : []);
  await waitUntil(async () => done(last = await gatherSigned(session)), {
    what,
    deadlineMs,
    everyMs: 100,
    why: () => troubles().join("; ") || "no node reports a trouble",
    fix: "see `postdock cluster show` and `postdock cluster history` for how far it has come",
  }, session.context);
}

/** The role of a node's server as the node reports it, or null if the node does not answer. */
export function roleOf(cluster: Cluster, host: string): string | null {
  return cluster.nodes.find((n) => n.host === host)?.status.postgres.role ?? null;
}

/** Whether a node reports that it streams from its upstream. */
export function streams(cluster: Cluster, host: string): boolean {
  return cluster.nodes.find((n) => n.host === host)?.status.postgres.upstream?.streaming === true;
}
