// What scenarios wait for in the barman container.
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
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
