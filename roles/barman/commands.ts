// The commands of the barman container: take a backup, list backups, start the WAL receiver as in 1.x.
import { Peers } from "../../core/client/peers.ts";
import type { Command, Context } from "../../core/runtime/context.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { sizeText } from "../../core/words/amounts.ts";
import { createLog, type Log } from "../../core/runtime/log.ts";
import { BarmanStatus } from "../../core/protocol/status.ts";
import { type ChildExit, type ChildSpec, supervise } from "../../core/runtime/supervisor.ts";
import { waitUntil } from "../../core/runtime/time.ts";
import { reasonOf, summary } from "./act/backup.ts";
import { failureText } from "./decide/health.ts";
import { backupChild, check, listBackups, receiverChild } from "./tools/barman-cli.ts";
import { prepareBarman } from "./prepare.ts";
import { loadBarmanConfig } from "./role.ts";

/** How long barman may take to follow a new primary, milliseconds. */
const followMs = 60_000;
/** How long barman's check may take to pass after a start, milliseconds. */
const greenMs = 20_000;
/** How long a backup that is under way may still take, milliseconds. */
const freeMs = 3_600_000;
/** How long the last WAL of a backup may take to arrive, milliseconds. */
const completeMs = 180_000;

/** `barman backup`: takes a base backup now and waits until it can be restored. */
export const backupCommand: Command = async (context) => {
  const config = loadBarmanConfig(context);
  await untilFollowing(context);
  await untilGreen(config.serverName, context);
  let { exit, lines } = await copyNow(config.serverName, context);
  for (let again = 0; again < mostBusy && lines.some(isBusy); again++) {
    ({ exit, lines } = await copyNow(config.serverName, context));
  }
  const { id } = summary(lines);
  if (exit.code !== 0 || id === null) {
    throw await backupFailure(reasonOf(lines, exit), config.serverName);
  }
  context.print(`Waiting for the last WAL of backup ${id} …`);
  const fix = `see the log of this container; \`barman show-backup ${config.serverName} ${id}\` shows its status`;
  const backup = await waitUntil(
    async () => {
      const found = (await listBackups(config.serverName)).find((b) => b.id === id);
      return found && found.status !== "WAITING_FOR_WALS" ? found : null;
    },
    { what: `the last WAL of backup ${id}`, deadlineMs: completeMs, everyMs: 1_000, fix },
    { clock: context.clock },
  );
  if (backup.status !== "DONE") {
    throw new OperatorError({ what: `Backup ${id} is ${backup.status}`, fix, exitCode: ExitCode.no });
  }
  context.print(
    `Backup ${id} is complete: ${backup.sizeBytes === null ? "of unknown size" : sizeText(backup.sizeBytes)}`,
  );
  return ExitCode.ok;
};

/** After a change of the primary barman follows the old one for some seconds more, and a backup of that cannot begin. */
async function untilFollowing(context: Context): Promise<void> {
  const peers = new Peers(context.clock);
  let status = await ownStatus(peers);
  if (status === null || status.certain) return;
  context.print("Waiting until WAL is received from the primary …");
  await waitUntil(async () => (status = await ownStatus(peers))?.certain ?? true, {
    what: "barman to receive WAL from the primary",
    deadlineMs: followMs,
    everyMs: 250,
    why: () => status?.because ?? "the service of this container has ended",
    fix: "correct what is named here, then try again; `postdock cluster doctor` shows what is wrong",
  }, context);
}

/** Just after the start barman refuses a backup, since its check does not pass yet. If it goes on failing, the backup says why. */
async function untilGreen(server: string, context: Context): Promise<void> {
  const end = context.clock.nowMs() + greenMs;
  while ((await check(server).catch(() => null))?.length !== 0 && context.clock.nowMs() < end) {
    await context.clock.sleep(1_000);
  }
}

/** The service may begin a backup at any moment: how often this one waits for another, after it was refused. */
const mostBusy = 3;

const isBusy = (line: string) => line.includes("Another backup process is running");

async function copyNow(server: string, context: Context): Promise<{ exit: ChildExit; lines: string[] }> {
  await untilFree(context);
  const lines: string[] = [];
  const exit = await runInForeground(backupChild(server), context, (line) => {
    lines.push(line);
    context.print(line);
  });
  return { exit, lines };
}

/** Only one backup can be under way. */
async function untilFree(context: Context): Promise<void> {
  const peers = new Peers(context.clock);
  const runs = async () => (await ownStatus(peers))?.backupRunsMs ?? null;
  const forMs = await runs();
  if (forMs === null) return;
  context.print(`Waiting for the base backup that has been under way for ${Math.round(forMs / 1000)} s …`);
  await waitUntil(async () => (await runs()) === null, {
    what: "the base backup that is under way to end",
    deadlineMs: freeMs,
    everyMs: 500,
    fix: "try again later; `postdock barman list` shows when it is complete",
  }, context);
}

/** barman only says that the backup could not begin: its check says why. */
async function backupFailure(said: string, server: string): Promise<OperatorError> {
  const failures = await check(server).catch(() => []);
  const named = failures.map(failureText).join("; ");
  return new OperatorError({
    what: "The base backup failed",
    why: named === "" ? said : `barman check fails: ${named}`,
    fix: `correct what is named here, until \`barman check ${server}\` in this container passes, then try again`,
    exitCode: ExitCode.no,
  });
}

/** `barman receive-wal` (wal-receiver.sh of 1.x): the receiver in the foreground, unless the container's own runs. */
export const receiveWalCommand: Command = async (context) => {
  const config = loadBarmanConfig(context);
  const status = await ownStatus(new Peers(context.clock));
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

/** What the entrypoint of this container reports; null if none runs. */
async function ownStatus(peers: Peers): Promise<BarmanStatus | null> {
  try {
    return BarmanStatus.parse(JSON.parse(await peers.getText("127.0.0.1", "/status?fresh=1", 5_000)));
  } catch (error) {
    if (/ECONNREFUSED|Unable to connect|ConnectionRefused/i.test(errorText(error))) return null;
    throw new OperatorError({
      what: "The service of this container does not answer",
      why: errorText(error),
      fix: "see the container's log; restart the container if it hangs",
    });
  }
}

async function runInForeground(spec: ChildSpec, context: Context, onLine: (line: string) => void) {
  const child = supervise({ ...spec, onLine }, { clock: context.clock, log: quietLog(context) });
  context.onSignal(() => void child.stop());
  const exit = await child.exited();
  await context.clock.sleep(100); // its last lines may come after its exit
  return exit;
}

/** A log of errors only: the command prints its own lines. */
function quietLog(context: Context): Log {
  const write = (text: string) => context.complain(text.trimEnd());
  return createLog({ level: "ERROR", write, wallMs: () => context.clock.wallMs() });
}
