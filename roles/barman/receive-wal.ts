// `barman receive-wal`: starts the WAL receiver as in 1.x.
import { Peers } from "../../core/client/peers.ts";
import { httpPortOf } from "../../core/protocol/port.ts";
import type { Command } from "../../core/runtime/context.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { ownStatus, quietLog, runInForeground } from "./own-service.ts";
import { prepareBarman } from "./prepare.ts";
import { loadBarmanConfig } from "./role.ts";
import { receiverChild } from "./tools/barman-cli.ts";

/** `barman receive-wal` (wal-receiver.sh of 1.x): the receiver in the foreground, unless the container's own runs. */
export const receiveWalCommand: Command = async (context) => {
  const config = loadBarmanConfig(context);
  const status = await ownStatus(new Peers(context.clock, httpPortOf(context)));
  if (status !== null) {
    context.print(
      status.receiving
        ? `The WAL receiver is already running under supervision, and receives from ${status.primary}`
        : `The WAL receiver is supervised, and starts as soon as it can: ${status.because}`,
    );
    return ExitCode.ok;
  }
  const line = (text: string) => context.print(text);
  await prepareBarman(config, quietLog(context));
  const exit = await runInForeground(receiverChild(config.serverName), context, line);
  return exit.code === 0 ? ExitCode.ok : ExitCode.no;
};
