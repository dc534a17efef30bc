// A server that was just started, until it answers, or is not to go on.
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { endServer, fenceHere } from "./act/end-server.ts";
import { handOverRecovery, type Heir, lookForSuccessor } from "./act/hand-over.ts";
import { starvation, starvedText } from "./act/rejoin.ts";
import { isUndone, noteRecovering } from "./act/restore.ts";
import { cloneAgain } from "./act/take-order.ts";
import { noteUnseen } from "./act/unseen.ts";
import { licenseOf, type Node, say } from "./node.ts";
import { onlyCloneHelps, remedyFor } from "../../core/postgres/remedy.ts";
import { observeServer } from "./observe/server.ts";
import { endOfServer, refusedHere, seeLog } from "./observe/trouble.ts";
import type { ServerEnd, ServerRun } from "./run.ts";

/** Waits until the server answers. Null once it does, and may go on as what it is; otherwise why it has ended. */
export async function bringUp(run: ServerRun, role: "primary" | "standby", node: Node): Promise<ServerEnd | null> {
  const ready = await untilReady(run, role, node);
  if (ready === "ready") {
    const late = node.seen.role() === "primary" && licenseOf(node) === "missing";
    if (late) return await fenceHere("the lease ended before PostgreSQL answered", node);
    if (run.process.running() && node.doors.server.processes() === 0) throw unseen();
    // one that keeps dying has to live for a while first (serve.ts)
    if (node.condition.shortLives === 0) node.condition.recovered();
    say(node, "running", `serving as ${role}`, node.activity.because);
    return null;
  }
  if (ready === "reinit") return cloneAgain(node)!;
  if (typeof ready === "object" && "unusable" in ready) {
    return {
      why: "never-ready",
      trouble: { because: ready.unusable, fix: remedyFor(ready.unusable, node.config) ?? seeLog },
    };
  }
  if (ready === "starved") return { why: "rejoin", clone: false, streamed: false, because: starvedText };
  if (ready !== "ended") {
    await endServer(node);
    await handOverRecovery(ready, node);
    return { why: "handed-over", heir: ready };
  }
  if (node.stop.aborted || isUndone(node)) return { why: "stopped" };
  return { why: "never-ready", trouble: await endOfServer(run, node) };
}

/** A server whose processes nobody finds would outlive its lease. */
const unseen = () =>
  new OperatorError({
    what: "The processes of PostgreSQL cannot be seen, so nothing could end them with the lease",
    why: "its server answers, but /proc shows no process of it that works in PGDATA",
    fix:
      "give the container a /proc of its own, without hidepid, and mount PGDATA where the container can read its path",
    exitCode: ExitCode.refused,
  });

/** A standby that lets nobody in for this long, since files of it are missing, is ended; what is refused is said; milliseconds. */
const unusableMs = 5_000;

/**
 * "ended" if the server died first or the container is to stop; "starved" if it waits in vain for WAL; "reinit" if it is to be
 * cloned again; why it lets nobody in although it runs; the standby to hand over to if it can lead sooner.
 */
async function untilReady(
  run: ServerRun,
  role: "primary" | "standby",
  node: Node,
): Promise<"ready" | "ended" | "starved" | "reinit" | { unusable: string } | Heir> {
  const { clock, condition, config, log, stop } = node;
  const since = clock.nowMs();
  let refusedSince: number | null = null;
  const starves = starvation(node);
  let reported = since;
  let brokenSince: number | null = null;
  while (run.process.running() && !stop.aborted && !isUndone(node)) {
    try {
      await observeServer(node);
      condition.answers();
      return "ready";
    } catch (error) {
      noteRecovering(node);
      const plan = role === "primary" ? await lookForSuccessor(since, node) : null;
      if (plan?.do === "hand-over") return plan;
      if (role === "standby" && cloneAgain(node)) return "reinit";
      if (role === "standby" && await starves()) return "starved";
      brokenSince = onlyCloneHelps(errorText(error)) ? brokenSince ?? clock.nowMs() : null;
      if (role === "standby" && brokenSince !== null && clock.nowMs() - brokenSince >= unusableMs) {
        return { unusable: errorText(error) };
      }
      const refused = refusedHere(error, config);
      refusedSince = refused ? refusedSince ?? clock.nowMs() : null;
      if (refused && clock.nowMs() - refusedSince! >= unusableMs) noteUnseen(refused, errorText(error), node);
      if (clock.nowMs() - reported >= config.recoveryCheckSeconds * 1000) {
        reported = clock.nowMs();
        log.info("PostgreSQL does not answer yet", { why: errorText(error) });
      }
      await clock.sleep(100, stop);
    }
  }
  return "ended";
}
