// Reads the control file of a data directory.
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import { type ControlData, parseControlData } from "../text/controldata.ts";

/** Runs pg_controldata on a data directory. */
export async function readControlData(pgdata: string): Promise<ControlData> {
  return parseControlData(await readControlText(pgdata));
}

/** What pg_controldata prints of a data directory. */
export async function readControlText(pgdata: string): Promise<string> {
  const options = { as: postgresAccount, timeoutMs: 10_000, env: { LC_ALL: "C" } };
  return (await run(["pg_controldata", "-D", pgdata], options)).stdout;
}
