// One base backup: barman copies it from the node that fits best, and it is watched until its end.
import { type ChildExit, supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { untilAborted } from "../../../core/runtime/time.ts";
import type { BackupSource } from "../decide/backup-source.ts";
import { scheduled } from "../decide/backups.ts";
import { backupChild } from "../tools/barman-cli.ts";
import { chooseSource, prepareSource, watchSource } from "./backup-source.ts";
import { watchProgress } from "./progress.ts";
import { type Barman, lookAgain } from "../state.ts";

/** How a backup ended. `standbyFailure`: why one from a standby failed, for which the next attempt is made with the primary. */
export interface Taken {
  /** the copy is complete; the duties fetch its last WAL */
  copied: boolean;
  standbyFailure: string | null;
}

/** Takes one base backup of the cluster that is followed. `failure`: why the last attempt, with a standby, failed. */
export async function takeBackup(
  { because, failure }: { because: string; failure: string | null },
  barman: Barman,
): Promise<Taken> {
  const { state, clock, log, config, stop } = barman;
  const since = clock.nowMs();
  const primary = state.primary;
  if (primary === null) return { copied: false, standbyFailure: null };
  const source = await chooseSource({ config, primary, hosts: state.hosts, failure });
  const { host, role } = source;
  log.info("Base backup starts", { because, host, role, chosen: source.because });
  state.backup.runningSinceMs = since;
  state.backup.source = { host, role, because: source.because };
  const lines: string[] = [];
  const gentle = because === scheduled(config.schedule);
  const child = supervise(
    {
      ...backupChild(config.serverName, { gentle, conf: await prepareSource(source, config) }),
      onLine: (line) => keepLine(line, lines, barman),
    },
    barman,
  );
  const { exit, lost } = await watchToEnd(child, source, primary, barman);
  state.backup.runningSinceMs = null;
  await clock.sleep(100); // its last lines may come after its exit
  const durationMs = Math.round(clock.nowMs() - since);
  lookAgain(barman);
  if (exit.code === 0) {
    log.info("Base backup copied", { durationMs, ...summary(lines) });
    return { copied: true, standbyFailure: null };
  }
  if (stop.aborted) {
    log.warn("Base backup cut off: the container stops", { durationMs });
    return { copied: false, standbyFailure: null };
  }
  if (state.primary !== primary) {
    const change = { durationMs, from: primary, to: state.primary };
    log.warn("Base backup cut off: another node has become primary", change);
    return { copied: false, standbyFailure: null };
  }
  const why = lost ?? reasonOf(lines, exit);
  const fix = `run \`barman check ${config.serverName}\` in this container to see what is wrong`;
  log.error("Base backup failed", {
    durationMs,
    host,
    because: why,
    fix: role === "standby" ? "none: the next attempt is made with the primary" : fix,
  });
  return { copied: false, standbyFailure: role === "standby" ? `the backup from ${host} failed: ${why}` : null };
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
