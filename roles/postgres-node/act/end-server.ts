// The end of this node's server, for certain: the lease is kept until no process of it is alive.
import { EndsAtOnce, ExitCode } from "../../../core/words/errors.ts";
import { type Node, say } from "../node.ts";

/** Processes of PostgreSQL that cannot be ended here. Only the end of the container ends them. */
export class ServerSurvives extends EndsAtOnce {
  override name = "ServerSurvives";

  constructor(processes: number) {
    super({
      what: `${processes} processes of PostgreSQL cannot be ended, so this container ends`,
      why: "they may not be signalled, or hang in the kernel; they could acknowledge writes after the lease",
      fix: "give the container CAP_KILL, or check its storage; if the container stays, end it: docker kill",
      exitCode: ExitCode.refused,
    });
  }
}

/** Ends every process of the server. Where some stay the whole role ends at once, with the lease still held: then it throws. */
export async function endServer(node: Pick<Node, "doors" | "fail">): Promise<void> {
  if (await node.doors.server.end()) return;
  const survives = new ServerSurvives(node.doors.server.processes());
  node.fail(survives);
  throw survives;
}

/** Ends the server of a node that is read-write, or about to be, without the lease that it needs. */
export async function fenceHere(because: string, node: Node): Promise<{ why: "fenced" }> {
  say(node, "stopping", "fencing PostgreSQL", because);
  node.condition.fencedBecause(because);
  node.events.fence.inc("lease-missing");
  await endServer(node);
  return { why: "fenced" };
}
