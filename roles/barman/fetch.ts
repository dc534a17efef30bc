// `barman fetch`: a backup and its WAL come back from the object store.
import type { Command } from "../../core/runtime/context.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { printer } from "../../core/runtime/printer.ts";
import { fetchFromStore } from "./act/fetch.ts";
import { loadBarmanConfig } from "./role.ts";

/** `barman fetch [BACKUP] [--json]`. */
export const fetchCommand: Command = async (context, { args: [id], options }) => {
  const config = loadBarmanConfig(context);
  const out = printer(context, options);
  const wanted = { id: id === undefined || id === "latest" ? null : id, untilMicros: null };
  const fetched = await fetchFromStore(wanted, { config, clock: context.clock, say: out.say });
  out.say("What can be restored now: postdock barman list");
  out.result({ server: config.serverName, ...fetched });
  return ExitCode.ok;
};
