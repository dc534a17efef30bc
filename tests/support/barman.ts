// What scenarios wait for in the barman container.
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { Cluster } from "./cluster.ts";
import { tryExec } from "./docker.ts";

/** Waits until `barman check` passes. Throws with what it said last. */
export async function waitBarmanCheck(container: string): Promise<void> {
  let last = "";
  const passes = async () => {
    const check = await tryExec(container, ["barman", "check", "pg_cluster"]);
    last = check.stdout;
    return check.code === 0;
  };
  await waitUntil(
    passes,
    { what: "barman check to be green", deadlineMs: 120_000, everyMs: 1_000, why: () => last },
    { clock: systemClock },
  );
}

/** Waits until barman receives WAL from a node. Throws with what it said last. */
export async function waitReceiving(cluster: Cluster, primary: string, deadlineMs = 60_000): Promise<void> {
  let last = "";
  const receives = async () => {
    const status = await cluster.status("backup");
    last = status === null ? "no answer" : `${status.doing}: ${status.because}`;
    return status?.component === "barman" && status.receiving && status.primary === primary;
  };
  await waitUntil(
    receives,
    { what: `barman to receive WAL from ${primary}`, deadlineMs, why: () => last },
    { clock: systemClock },
  );
}
