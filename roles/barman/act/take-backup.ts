// One base backup: barman copies it from the node that fits best, and it is watched until its end.
import { type ChildExit, supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { untilAborted } from "../../../core/runtime/time.ts";
import type { Kind } from "../decide/backup-kind.ts";
import type { BackupSource } from "../decide/backup-source.ts";
import { scheduled } from "../decide/backups.ts";
import { backupChild } from "../tools/barman-cli.ts";
import { chooseBackup, type Chosen, type Failed, notFailed, prepareSource } from "./backup-source.ts";
import { watchProgress } from "./progress.ts";
import { watchSource } from "./watch-source.ts";
import { type Barman, lookAgain } from "../state.ts";

/** How a backup ended. After a failure the next attempt is made with the primary, and at a full backup. */
export interface Taken {
  /** the copy is complete; the duties fetch its last WAL */
  copied: boolean;
  failed: Failed;
}

/** Takes one base backup of the cluster that is followed. `last`: why the last attempt failed. */
export async function takeBackup(because: string, last: Failed, barman: Barman): Promise<Taken> {
  const { state, clock, log, config } = barman;
  const since = clock.nowMs();
  const primary = state.primary;
  if (primary === null) return { copied: false, failed: notFailed };
  const chosen = await chooseNext(because, { primary, last }, barman);
  state.backup.runningSinceMs = since;
  const lines: string[] = [];
  const child = supervise(
    {
      ...backupChild(config.serverName, {
        gentle: byPlan(because, barman),
        conf: await prepareSource(chosen.source, config),
        parent: chosen.kind.kind === "incremental" ? chosen.kind.parent.id : null,
      }),
      onLine: (line) => keepLine(line, lines, barman),
    },
    barman,
  );
  const { exit, lost } = await watchToEnd(child, chosen.source, primary, barman);
  state.backup.runningSinceMs = null;
  await clock.sleep(100); // its last lines may come after its exit
  const durationMs = Math.round(clock.nowMs() - since);
  lookAgain(barman);
  if (exit.code === 0) {
    log.info("Base backup copied", { durationMs, ...summary(lines) });
    return { copied: true, failed: notFailed };
  }
  const failed = noteFailure({ durationMs, primary, why: lost ?? reasonOf(lines, exit) }, chosen, barman);
  return { copied: false, failed };
}

const byPlan = (because: string, { config }: Barman) => because === scheduled(config.schedule);

async function chooseNext(
  because: string,
  { primary, last }: { primary: string; last: Failed },
  barman: Barman,
): Promise<Chosen> {
  const { state, log, config } = barman;
  const chosen = await chooseBackup({
    config,
    peers: barman.peers,
    primary,
    hosts: state.hosts,
    wanted: byPlan(because, barman) ? "scheduled" : "full",
    backups: state.catalog?.backups ?? [],
    failed: last,
  });
  const { source: { host, role, because: chosenBecause }, kind: { kind, because: kindBecause } } = chosen;
  log.info("Base backup starts", { because, host, role, chosenBecause, kind, kindBecause });
  const fix = chosen.kind.kind === "full" ? chosen.kind.fix : null;
  if (fix !== null) log.warn("An incremental backup cannot be taken", { because: kindBecause, fix });
  state.backup.source = { host, role, because: chosenBecause, kind, kindBecause, fix };
  return chosen;
}

/** Says why the backup has failed, and returns what the next attempt is to know of it. */
function noteFailure(
  { durationMs, primary, why }: { durationMs: number; primary: string; why: string },
  { source, kind }: Chosen,
  { state, clock, log, config, stop }: Barman,
): Failed {
  if (stop.aborted) {
    log.warn("Base backup cut off: the container stops", { durationMs });
    return notFailed;
  }
  if (state.primary !== primary) {
    const change = { durationMs, from: primary, to: state.primary };
    log.warn("Base backup cut off: another node has become primary", change);
    return notFailed;
  }
  state.backup.failed = { atMs: clock.wallMs(), because: why };
  log.error("Base backup failed", {
    durationMs,
    host: source.host,
    because: why,
    fix: source.role === "standby"
      ? "none: the next attempt is made with the primary"
      : `run \`barman check ${config.serverName}\` in this container to see what is wrong`,
  });
  return failureOf(source, kind, why);
}

/** What the next attempt is to know of a failure. */
export function failureOf(source: BackupSource, kind: Kind, why: string): Failed {
  return {
    source: source.role === "standby" ? `the backup from ${source.host} failed: ${why}` : null,
    kind: kind.kind === "incremental" ? `the incremental backup failed: ${why}` : null,
  };
}

/** Waits for its end. One that could never get its last WAL, or whose standby is lost, is ended; `lost`: why the standby is. */
async function watchToEnd(
  child: Supervised,
  source: BackupSource,
  primary: string,
  barman: Barman,
): Promise<{ exit: ChildExit; lost: string | null }> {
  const ended = new AbortController();
  const lost = new AbortController();
  const watching = watchSource(source, barman, ended.signal).then((why) => {
    if (why !== null) lost.abort(why);
  });
  const watched = Promise.all([watching, watchProgress(source.host, barman, ended.signal)]);
  const exit = await endOf(child, { primary, lost: lost.signal }, barman);
  ended.abort();
  await watched;
  return { exit, lost: lost.signal.aborted ? String(lost.signal.reason) : null };
}

async function endOf(
  child: Supervised,
  { primary, lost }: { primary: string; lost: AbortSignal },
  barman: Barman,
): Promise<ChildExit> {
  const { state, stop } = barman;
  const exited = child.exited();
  while (child.running()) {
    if (stop.aborted || lost.aborted || state.primary !== primary) await child.stop();
    else await Promise.race([exited, untilAborted(AbortSignal.any([stop, lost, barman.primaryChange.signal]))]);
  }
  return await exited;
}

function keepLine(line: string, lines: string[], barman: Barman): void {
  lines.push(line);
  if (lines.length > 50) lines.shift();
  barman.log.debug("Output", { process: "backup", line });
}

/** What barman printed about a backup that succeeded. */
export function summary(lines: readonly string[]): { id: string | null; size: string | null } {
  const text = lines.join("\n");
  return {
    id: /\/base\/(\d{8}T\d{6})/.exec(text)?.[1] ?? null,
    size: /^Backup size: (.+)$/m.exec(text)?.[1] ?? null,
  };
}

/** Why a backup failed, in barman's words. */
export function reasonOf(lines: readonly string[], exit: Pick<ChildExit, "code" | "signal">): string {
  const errors = lines.filter((line) => /^(ERROR|EXCEPTION|DETAILS)|error:/.test(line));
  return errors.slice(-3).join(" | ") || lines.at(-1) || `barman ended with ${exit.code ?? exit.signal}`;
}
