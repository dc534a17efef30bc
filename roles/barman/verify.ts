// `barman verify`: proves that a backup can be restored.
import type { Command } from "../../core/runtime/context.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { printer } from "../../core/runtime/printer.ts";
import { verify, verifyDeps } from "./act/verify.ts";
import { verifiedText } from "./text/verified.ts";
import { loadBarmanConfig } from "./role.ts";

/** `barman verify [BACKUP] [--json]`. */
export const verifyCommand: Command = async (context, { args: [id = null], options }) => {
  const config = loadBarmanConfig(context);
  const out = printer(context, options);
  const ended = new AbortController();
  context.onSignal(() => ended.abort());
  const { clock } = context;
  const verified = await verify(
    id === "latest" ? null : id,
    verifyDeps(config, { clock, say: out.say, signal: ended.signal }),
  );
  out.say(verifiedText(verified));
  out.result({ ...verified });
  return verified.error === null ? ExitCode.ok : ExitCode.no;
};
