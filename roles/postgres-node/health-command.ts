// `healthcheck is-major-master`: asks this node's agent and the other nodes' agents, and prints one line of why.
import type { Command } from "../runtime/context.ts";
import { errorText, ExitCode } from "../runtime/errors.ts";
import { probeTimeoutMs } from "../runtime/healthcheck.ts";
import { askNodes, getText } from "../runtime/peers.ts";
import { NodeStatus } from "../runtime/status.ts";
import { decideHealth } from "./decide-health.ts";

/** Each of the two questions gets half of the probe's time, and never more than this, milliseconds. */
const longestMs = 3_000;

export const isMajorMaster: Command = async (context) => {
  const timeoutMs = Math.min(longestMs, probeTimeoutMs(context) / 2);
  try {
    const own = NodeStatus.parse(JSON.parse(await getText("localhost", "/status", timeoutMs)));
    const registered = (own.postgres.registered ?? []).map((r) => r.host);
    const hosts = (own.partners.length > 0 ? own.partners : registered).filter((h) => h !== own.node.host);
    const verdict = decideHealth({
      own,
      asked: own.postgres.role === "primary" ? await askNodes(hosts, { timeoutMs }) : [],
    });
    context.print(verdict.because);
    return verdict.ok ? ExitCode.ok : ExitCode.no;
  } catch (error) {
    context.print(`no: the agent of this node could not be asked: ${errorText(error)}`);
    return ExitCode.no;
  }
};
