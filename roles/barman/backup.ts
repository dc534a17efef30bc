// `barman backup [--incremental]`: takes a base backup now, and waits until it can be restored.
import { Peers } from "../../core/client/peers.ts";
import { httpPortOf } from "../../core/protocol/port.ts";
import type { Command, Context } from "../../core/runtime/context.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { sizeText } from "../../core/words/amounts.ts";
import type { ChildExit } from "../../core/runtime/supervisor.ts";
import { waitUntil } from "../../core/runtime/time.ts";
import { type Choice, chooseBackup, type Chosen, type Failed, notFailed, prepareSource } from "./act/backup-source.ts";
import { knownHosts } from "./act/known-hosts.ts";
import { failureOf, reasonOf, summary } from "./act/take-backup.ts";
import type { Kind } from "./decide/backup-kind.ts";
import { failureText } from "./decide/health.ts";
import { ownStatus, quietLog, runInForeground } from "./own-service.ts";
import { loadBarmanConfig } from "./role.ts";
import { backupChild, check, listBackups } from "./tools/barman-cli.ts";

/** How long barman may take to follow a new primary, milliseconds. */
const followMs = 60_000;
/** How long barman's check may take to pass after a start, milliseconds. */
const greenMs = 20_000;
/** How long a backup that is under way may still take, milliseconds. */
const freeMs = 3_600_000;
/** How long the last WAL of a backup may take to arrive, milliseconds. */
const completeMs = 180_000;

/** `barman backup [--incremental]`: takes a base backup now and waits until it can be restored. */
export const backupCommand: Command = async (context, { options }) => {
  const config = loadBarmanConfig(context);
  await untilFollowing(context);
  await untilFree(context); // before the check, which may fail meanwhile
  await untilGreen(config.serverName, context);
  let interrupted = false;
  context.onSignal(() => interrupted = true);
  const wanted = options.incremental === true ? "incremental" : "full";
  let copy = await copyNow({ config, wanted, failed: notFailed }, context);
  if ((copy.failed.source !== null || copy.failed.kind !== null) && !interrupted) {
    copy = await copyNow({ config, wanted, failed: copy.failed }, context);
  }
  const { exit, lines } = copy;
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
  const peers = new Peers(context.clock, httpPortOf(context));
  let status = await ownStatus(peers);
  if (status === null || status.certain) return;
  context.print(`Waiting until WAL is received from the primary: ${status.because}`);
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

/** How a copy ended. `failed`: why another way is worth an attempt. */
interface Copy {
  exit: ChildExit;
  lines: string[];
  failed: Failed;
}

type Wish = Pick<Choice, "config" | "wanted" | "failed">;

async function copyNow(wish: Wish, context: Context): Promise<Copy> {
  const { config } = wish;
  for (let tries = 0;; tries++) {
    await untilFree(context);
    const chosen = await choose(wish, context);
    if (chosen !== null) {
      context.print(`Copying from the ${chosen.source.role} ${chosen.source.host}: ${chosen.source.because}`);
      if (wish.wanted !== "full") context.print(kindText(chosen.kind));
    }
    const conf = chosen === null ? null : await prepareSource(chosen.source, config);
    const parent = chosen?.kind.kind === "incremental" ? chosen.kind.parent.id : null;
    const lines: string[] = [];
    const exit = await runInForeground(backupChild(config.serverName, { conf, parent }), context, (line) => {
      lines.push(line);
      context.print(line);
    });
    if (lines.some(isBusy) && tries < mostBusy) continue;
    const failed = exit.code === 0 || chosen === null
      ? notFailed
      : failureOf(chosen.source, chosen.kind, reasonOf(lines, exit));
    return { exit, lines, failed };
  }
}

const kindText = (kind: Kind): string =>
  `It is ${kind.kind}: ${kind.because}${kind.kind === "full" && kind.fix !== null ? `. Fix: ${kind.fix}` : ""}`;

/** What is taken, and from where; null: no service runs in this container, and barman's server file names the node. */
async function choose(wish: Wish, context: Context): Promise<Chosen | null> {
  const { config } = wish;
  const peers = new Peers(context.clock, httpPortOf(context));
  const primary = (await ownStatus(peers))?.primary ?? null;
  if (primary === null) return null;
  const hosts = await knownHosts({ config, log: quietLog(context) });
  return await chooseBackup({ ...wish, peers, primary, hosts, backups: await listBackups(config.serverName) });
}

/** Only one backup can be under way. */
async function untilFree(context: Context): Promise<void> {
  const peers = new Peers(context.clock, httpPortOf(context));
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
