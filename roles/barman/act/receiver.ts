// The WAL receiver: slot, position and timeline are checked before each start. It is supervised while it runs, restarted after
// growing pauses, and moved to another node when that node becomes primary.
import { decideRestart, type RestartPolicy } from "../../../core/runtime/decide/restart.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { untilAborted } from "../../../core/runtime/time.ts";
import { wantBackup } from "./backup.ts";
import { receiverChild, stopReceiver } from "../tools/barman-cli.ts";
import { renderServerConf, serverConfPath } from "../text/barman-conf.ts";
import { decidePrimarySlot } from "../decide/slots.ts";
import { decideWal, type WalPlan } from "../decide/wal.ts";
import type { WalView } from "../decide/wal-view.ts";
import { loginTo } from "../tools/login.ts";
import { readHistory, readPrimaryWal, readSlot, readWalFiles, visit } from "../tools/queries.ts";
import { applyWalPlan, newestArchived } from "./received-wal.ts";
import { receivedWal } from "./wal-files.ts";
import { applySlotAction } from "./slots.ts";
import { type Barman, lookAgain } from "../state.ts";

const policy: RestartPolicy = { restart: "always", firstPauseMs: 500, maxPauseMs: 10_000, steadyMs: 30_000 };

/** Receives WAL from the present primary until the role stops. */
export async function keepReceiving(barman: Barman): Promise<void> {
  const { clock, state, stop } = barman;
  let failures = 0;
  while (!stop.aborted) {
    const host = state.primary;
    if (host === null) {
      await clock.sleep(250, stop);
      continue;
    }
    const change = barman.primaryChange.signal;
    const since = clock.nowMs();
    try {
      await receiveFrom(host, change, barman);
    } catch (error) {
      noteTrouble(error, host, barman);
    }
    state.receiver = { ...state.receiver, streaming: false };
    lookAgain(barman);
    const decision = decideRestart(policy, { livedMs: clock.nowMs() - since, failures: change.aborted ? 0 : failures });
    if (decision.do === "leave") return;
    failures = decision.failures;
    if (!change.aborted) await clock.sleep(decision.afterMs, AbortSignal.any([stop, change]));
  }
}

async function receiveFrom(host: string, change: AbortSignal, barman: Barman): Promise<void> {
  const { config, stop } = barman;
  await writeServerConf(host, barman);
  // a host that has vanished may take 20 s to say so, and another node leads meanwhile
  const looking = lookOver(host, change, barman);
  const seen = await Promise.race([looking, untilAborted(AbortSignal.any([change, stop]))]);
  if (!seen) {
    return void looking.catch((error) =>
      barman.log.debug("The former primary could not be looked at", { why: errorText(error) })
    );
  }
  await applyPlan(seen.plan, seen.segmentBytes, host, barman);
  if (change.aborted || stop.aborted) return;
  const lines: string[] = [];
  const child = supervise(
    { ...receiverChild(config.serverName), onLine: (line) => readLine(line, lines, host, barman) },
    barman,
  );
  await Promise.race([child.exited(), untilAborted(AbortSignal.any([change, stop]))]);
  const wanted = change.aborted || stop.aborted;
  await child.stop();
  if (!wanted) await explainEnd(lines, child, host, barman);
}

/** Writes the server file, which names the node that all of barman's commands use. */
export async function writeServerConf(host: string, { config, peers }: Barman): Promise<void> {
  await writeAtomic(serverConfPath(config.serverName), renderServerConf(config, peers.names.wayTo(host)), {
    mode: 0o640,
    owner: postgresAccount,
  });
}

/** Makes the slot if it is missing, and decides from which point to receive. */
async function lookOver(
  host: string,
  change: AbortSignal,
  barman: Barman,
): Promise<{ plan: WalPlan; segmentBytes: number }> {
  const { config, stop } = barman;
  const timeoutMs = Math.min(config.connectTimeoutSeconds * 1000, 20_000);
  return await visit(loginTo(host, barman), timeoutMs, async (sql) => {
    const wal = await readPrimaryWal(sql);
    if (wal.inRecovery || wal.timeline === null || wal.lsn === null) throw new Error(`${host} is not a primary`);
    if (change.aborted) throw new Error(`${host} is no longer the primary`);
    await applySlotAction(sql, decidePrimarySlot(await readSlot(sql, config.slotName)), host, barman);
    if (stop.aborted) throw new Error("stopping");
    const view: WalView = {
      received: await receivedWal(barman.config, wal.segmentBytes),
      archived: await newestArchived(barman, wal.segmentBytes),
      segmentBytes: wal.segmentBytes,
      primary: {
        host,
        leased: barman.state.primaryLeased,
        timeline: wal.timeline,
        history: await readHistory(sql, wal.timeline),
        lsn: wal.lsn,
        files: await readWalFiles(sql, wal.segmentBytes),
      },
    };
    return { plan: decideWal(view), segmentBytes: wal.segmentBytes };
  });
}

async function applyPlan(plan: WalPlan, segmentBytes: number, host: string, barman: Barman): Promise<void> {
  const { log } = barman;
  switch (plan.do) {
    case "stream":
      return log.info("Receiving WAL", { host, because: plan.because });
    case "refuse":
      throw new OperatorError({
        what: `No WAL is received from ${host}`,
        why: plan.because,
        fix: plan.fix,
        exitCode: ExitCode.refused,
      });
    case "align":
      log.warn("Receiving WAL from another point than the end of the newest file", {
        host,
        because: plan.because,
        from: plan.marker,
      });
      if (plan.abandoned !== null) await wantBackup(`${plan.abandoned} is not in the history of ${host}`, barman);
      return await applyWalPlan(plan, segmentBytes, barman);
    case "restart":
      log.error("The WAL history has a gap: no restore to a time within it is possible; a base backup follows", {
        host,
        because: plan.because,
        missing: plan.missing,
      });
      barman.events.walGap.inc();
      await wantBackup(`WAL from ${plan.missing.from} to ${plan.missing.to} is lost`, barman);
      return await applyWalPlan(plan, segmentBytes, barman);
  }
}

function readLine(line: string, lines: string[], host: string, barman: Barman): void {
  const { state, log } = barman;
  lines.push(line);
  if (lines.length > 20) lines.shift();
  if (/starting log streaming at|switched to timeline/.test(line)) {
    state.receiver = { streaming: true, host, trouble: null, fix: null };
    lookAgain(barman);
  }
  const progress = /finished segment at/.test(line);
  (progress ? log.debug : log.info)("Output", { process: "receive-wal", line });
}

async function explainEnd(lines: readonly string[], child: Supervised, host: string, barman: Barman): Promise<void> {
  await barman.clock.sleep(100, barman.stop); // its last lines may come after its exit
  if (lines.some((line) => line.includes("Another receive-wal process is already running"))) {
    barman.log.warn("A WAL receiver that was started by hand is stopped", { server: barman.config.serverName });
    await stopReceiver(barman.config.serverName, barman.stop);
  }
  const errors = lines.filter((line) => /error|ERROR/.test(line)).slice(-3);
  const exit = child.lastExit();
  const why = errors.length > 0 ? errors.join(" | ") : `it ended with ${exit?.code ?? exit?.signal}`;
  throw new Error(`The WAL receiver of ${host} ended: ${why}`);
}

/** Logs each trouble once, however often it occurs in a row. */
function noteTrouble(error: unknown, host: string, barman: Barman): void {
  const { state, log, stop } = barman;
  if (stop.aborted) return;
  const trouble = error instanceof OperatorError ? `${error.what}: ${error.why}` : errorText(error);
  if (state.receiver.trouble !== trouble) log.warn("WAL is not received; trying again", { host, error });
  state.receiver = {
    ...state.receiver,
    streaming: false,
    trouble,
    fix: error instanceof OperatorError ? error.fix : null,
  };
}
