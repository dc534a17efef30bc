// The HTTP of a node: what others may ask and order, and what the commands of its own container ask.
import type { Context } from "../../../core/runtime/context.ts";
import type { ControlKeys } from "../../../core/protocol/signing.ts";
import type { Metrics } from "../../../core/http/metrics.ts";
import type { Node } from "../node.ts";
import type { Shown } from "../../../core/http/encrypted.ts";
import type { Voter } from "../../../core/lease/voter.ts";
import { addLocalCommands } from "./local-commands.ts";
import { addProbe, httpApp, statusNow } from "../../../core/http/app.ts";
import { agentSocketPath } from "../../../core/protocol/port.ts";
import { answering, controlApp } from "../../../core/http/control.ts";
import { isMajorMaster } from "./is-major-master.ts";
import { namesOfOthers } from "../observe/surroundings.ts";
import { nodeHttp } from "./probes.ts";
import { operatorAnswers } from "./operator.ts";
import { orders } from "../../../core/protocol/orders.ts";
import { remove } from "../../../core/runtime/files.ts";
import { restoreAnswers } from "./restore-orders.ts";
import { serve } from "../../../core/http/serve.ts";
import { strangersOf } from "../../../config/roles.ts";
import { takeOver } from "../act/hand-over.ts";

export interface Listening {
  node: Node;
  voter: Voter;
  keys: ControlKeys;
  metrics: Metrics;
  context: Pick<Context, "environment" | "openPage">;
}

/** Listens on the port, in clear and with what is shown by TLS, and on the socket for the commands of this container. */
export async function listen(
  { node, voter, keys, metrics, context: { environment, openPage } }: Listening,
  shown: () => Shown | null,
) {
  const role = nodeHttp(node, metrics);
  const answers = [
    answering(orders.status, (how) => statusNow(role, how)),
    answering(orders.vote, (request) => voter.handle(request)),
    answering(orders.epoch, (request) => voter.grantEpoch(request, node.seen.now.newestTimeline)),
    answering(orders.takeOver, (question) => takeOver(question, node)),
    ...operatorAnswers(node),
    ...restoreAnswers(node),
  ];
  const others = () => namesOfOthers(node);
  const control = controlApp(answers, { ...node, ...keys, refused: node.events.refused, others });
  const app = httpApp(role, node.log, { control, config: node.config, strangers: strangersOf(environment), openPage });
  const local = httpApp(role, node.log);
  addLocalCommands(local, node);
  addProbe(local, "/local/is-major-master", () => isMajorMaster(node));
  await remove(agentSocketPath);
  return [
    await serve(app, { port: node.config.httpPort, shown }),
    await serve(local, { socketPath: agentSocketPath }, 0o660),
  ];
}
