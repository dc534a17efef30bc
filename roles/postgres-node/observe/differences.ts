// Variables of ours that differ between this node and the others: said once in the log, at the start too. Doctor names them.
import type { PeerSeen } from "../../../core/protocol/status.ts";
import { differing, differingFix, differingText } from "../../../core/protocol/variables.ts";
import { type Node, statusOf } from "../node.ts";

export function noteDifferences(answers: readonly PeerSeen[], node: Node): void {
  const own = { host: node.config.host, variables: statusOf(node).variables };
  const others = answers.flatMap((a) => a.seen === "reached" ? [{ host: a.host, variables: a.status.variables }] : []);
  const found = differing([own, ...others]);
  if (!node.condition.differs(found.map(differingText).join())) return;
  for (const one of found) {
    node.log.warn("A variable differs between the nodes", { what: differingText(one), fix: differingFix(one) });
  }
}
