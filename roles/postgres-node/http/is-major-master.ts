// `healthcheck is-major-master`, as the agent answers it: it asks the other nodes' agents over its open connections.
import type { Verdict } from "../../../core/words/verdict.ts";
import { decideHealth } from "../decide/health.ts";
import { type Node, statusOf } from "../node.ts";

/** The other nodes have at most this long to answer, milliseconds. */
const longestMs = 3_000;

/** Yes if this node is not a primary, or is the real one. The others have half of CHECK_PGCONNECT_TIMEOUT to answer. */
export async function isMajorMaster(node: Node): Promise<Verdict> {
  const own = statusOf(node);
  const registered = (own.postgres.registered ?? []).map((r) => r.host);
  const hosts = (own.partners.length > 0 ? own.partners : registered).filter((h) => h !== own.node.host);
  const timeoutMs = Math.min(longestMs, 1000 * node.config.checkTimeoutSeconds / 2);
  const asked = own.postgres.role === "primary"
    ? await Promise.all(hosts.map((host) => node.doors.others.ask(host, { timeoutMs })))
    : [];
  return decideHealth({ own, asked });
}
