// What repmgr itself says of a cluster.
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { Cluster, Service } from "./cluster.ts";
import { tryExec } from "./docker.ts";
import { wholeMs } from "./waits.ts";

/** What repmgr says on a node, once it does not report an error: a second-level node may still be returning to its upstream. */
export async function repmgrAnswers(cluster: Cluster, node: Service, what: "show" | "crosscheck"): Promise<string[]> {
  const container = await cluster.container(node);
  let said = "";
  const ok = async () => {
    const result = await tryExec(container, ["gosu", "postgres", "repmgr", "cluster", what, "--csv"], 60_000);
    said = result.stdout + result.stderr;
    return result.code === 0 ? result.stdout.trim().split("\n") : null;
  };
  const wait = { what: `repmgr cluster ${what} on ${node}`, deadlineMs: wholeMs, everyMs: 500, why: () => said };
  return await waitUntil(ok, wait, { clock: systemClock });
}
