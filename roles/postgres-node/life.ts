// The life of a node: observe, decide, apply, until the container stops. Between two decisions the node waits, clones,
// rewinds, bootstraps, or serves (serve.ts).
import { ExitCode, OperatorError, unreachable } from "../../core/words/errors.ts";
import type { AskHow } from "../../core/client/peers.ts";
import { lacksRoom } from "../../core/postgres/room.ts";
import { type CrashRecovery, recoverFromCrash } from "./act/crash-recovery.ts";
import { startupOf } from "./act/force.ts";
import { askBeforeUnleased } from "./act/before-unleased.ts";
import { forgetOtherCluster, rememberBefore, rememberJoined, rememberSeen } from "./act/remember.ts";
import { noteRejoin, rewindTo } from "./act/rejoin.ts";
import { copyBackup, noteRestored, undoRestore, withoutLease } from "./act/restore.ts";
import { sound } from "./decide/broken.ts";
import { majorityAnswers } from "./decide/counting.ts";
import { countedData } from "./decide/granted.ts";
import { type Joining, joiningOf } from "./decide/overruled.ts";
import type { StartupPlan } from "./decide/startup.ts";
import type { ClusterView, OwnData } from "./decide/view.ts";
import { licenseOf, type Node, say } from "./node.ts";
import { observeRoom } from "./observe/server.ts";
import { finalLook, observeSurroundings, viewOf } from "./observe/surroundings.ts";
import { firstPauseMs, moved, pauseAfterFailure, type Retry, waitALittle } from "./retry.ts";
import { serveAsRole, shortLifeMs } from "./serve.ts";
import type { Bid } from "./state/candidacy.ts";

/** A node that is to start as primary asks for the lease again after this at the latest, milliseconds. */
const longestRestMs = 500;
/** After so many short lives in a row a server is started again only after a pause, like one that does not start. */
const shortLives = 5;

/** What is known from the start of a wait until something is achieved. */
interface Attempt extends Retry, CrashRecovery {
  /** the last server ended in order to be rejoined */
  rejoining: boolean;
  joining: Joining;
  /** the term of the lease that this node held before it looked around: no other node can have led since */
  keptTerm: number | null;
  /** while this node is about to start as primary */
  bid: Bid | null;
}

/** Runs the node until it is stopped. Throws OperatorError if it must give up. */
export async function runNode(node: Node): Promise<void> {
  const attempt: Attempt = {
    since: node.clock.nowMs(),
    pauseMs: firstPauseMs,
    cloneBecause: null,
    broken: sound,
    rejoining: false,
    crashRecovered: false,
    joining: { majorityKnown: false, force: null },
    keptTerm: null,
    bid: null,
  };
  while (!node.stop.aborted) {
    try {
      const plan = await decide(node, attempt);
      if (node.stop.aborted) return;
      const progressed = await apply(plan, node, attempt);
      if (progressed) moved(node, attempt);
    } catch (error) {
      if (node.stop.aborted) return;
      await pauseAfterFailure(error, node, attempt);
    } finally {
      attempt.bid?.end();
    }
  }
}

async function decide(node: Node, attempt: Attempt): Promise<StartupPlan> {
  const { doors, lease, seen } = node;
  await doors.server.clearStale();
  await doors.data.uncover();
  const data = withMemory(await doors.data.look(), node);
  await forgetOtherCluster(data, node);
  await noteRestored(data, node);
  const { forced, restore } = node.memory.now;
  // an operator who forces a node answers for all that it has
  const now = { leaseInForce: lease.mode.on && !forced, restoring: restore?.id ?? null };
  seen.dataFound(countedData(data, { ...node.memory.now, ...now }));
  await observeRoom(node);
  attempt.keptTerm = lease.held() ? lease.term() : null;
  if (node.reinit.wanted) attempt.cloneBecause = node.reinit.now!.because;
  const view = await observe(node, attempt);
  const plan = await askBeforeUnleased(await startupOf(view, node), node);
  // what an operator has forced goes on as long as no majority is in sight, also after a restart
  if (node.memory.now.forced && !majorityAnswers(view) && !lease.held() && !lease.alone()) lease.force();
  if (node.reinit.wanted && !view.primary && node.reinit.fails(`no primary is in sight: ${plan.because}`)) {
    attempt.cloneBecause = null;
  }
  if (plan.do === "restore") return await withoutLease(node) ?? plan;
  // the node that was primary leads again: a standby would be quicker than the old data, which first have to be put back
  if (plan.do === "undo-restore" && lease.held()) return plan;
  if (plan.do !== "start-primary") {
    // a lease that was kept for this server would keep the others from leading
    await lease.release(`this node does not start as primary: ${plan.because}`);
    return plan;
  }
  // first report that a primary is about to start, then look again: of two nodes that do so at once, one sees the other
  attempt.bid = node.candidacy.begin("a start as primary");
  const again = await startupOf(await observe(node, attempt), node);
  if (again.do !== "start-primary") attempt.bid?.end();
  return again;
}

function withMemory(data: OwnData, { memory }: Node): OwnData {
  return data.kind === "damaged" ? { ...data, rememberedSystem: memory.now.systemIdentifier } : data;
}

async function observe(node: Node, attempt: Attempt, how?: AskHow): Promise<ClusterView> {
  const { clock, condition, config, lease, memory, seen } = node;
  const surroundings = await observeSurroundings(node, how);
  const { data, disk } = seen.now;
  if (!data) throw new Error("observe() needs the data directory to be seen first");
  const cluster = surroundings.primary?.systemIdentifier ?? (data.kind === "cluster" ? data.systemIdentifier : null);
  attempt.joining = joiningOf(surroundings, cluster);
  await rememberSeen(surroundings, node);
  return {
    ...viewOf(node, surroundings),
    leadsAgain: memory.now.forced && lease.held() && !lease.alone(),
    cleanOverRewind: config.cleanOverRewind,
    data,
    restore: memory.now.restore,
    stuckWithoutRoom: condition.failingSince !== null && lacksRoom(disk?.freeBytes ?? null),
    waitedMs: clock.nowMs() - attempt.since,
    cloneBecause: attempt.cloneBecause,
  };
}

/** Carries out one plan. True if something was achieved, so that the time of waiting starts again. */
async function apply(plan: StartupPlan, node: Node, attempt: Attempt): Promise<boolean> {
  const { data } = node.doors;
  const started = node.clock.nowMs();
  await rememberBefore(plan, attempt.joining, node);
  switch (plan.do) {
    case "wait":
      say(node, "waiting", "waiting", plan.because);
      node.restoring.set({ step: "waiting", trouble: plan.because });
      await waitALittle(node, attempt);
      return false;
    case "refuse":
      throw new OperatorError({
        what: `Node ${node.config.name} does not start`,
        why: plan.because,
        fix: plan.fix,
        exitCode: plan.stays ? ExitCode.unavailable : ExitCode.refused,
      });
    case "finish-move":
      say(node, "cloning", "moving a finished clone into place", plan.because);
      await data.finishMove();
      return true;
    case "discard-bootstrap":
      say(node, "starting", "discarding an unfinished bootstrap", plan.because);
      await data.discardBootstrap();
      return true;
    case "bootstrap":
      say(node, "starting", "making a fresh cluster", plan.because);
      await data.bootstrap();
      return true;
    case "clone":
      say(node, "cloning", `cloning from ${plan.from}`, plan.because);
      node.reinit.begins();
      await data.clone(plan.from, { keptMayGo: (node.memory.now.replaced?.backup ?? null) !== null });
      node.reinit.cloned();
      await rememberJoined(attempt.joining, node);
      attempt.cloneBecause = null;
      noteRejoin("clone", { from: plan.from, because: plan.because, started }, node);
      return true;
    case "rewind":
      say(node, "rewinding", `rewinding to ${plan.to}`, plan.because);
      attempt.cloneBecause = await rewindTo(plan.to, plan.because, node);
      if (attempt.cloneBecause === null) await rememberJoined(attempt.joining, node);
      return true;
    case "restore":
      await copyBackup(plan.because, node);
      return true;
    case "undo-restore":
      await undoRestore(plan.because, node);
      return true;
    case "start-primary":
      return await mayStartPrimary(node, attempt) && await serve(plan, node, attempt);
    case "start-standby":
      return await serve(plan, node, attempt);
    default:
      return unreachable(plan);
  }
}

/**
 * If the lease is needed, a primary starts only with it. What was seen before this node held the lease is not final: this node
 * may have been frozen since, and another node may have led meanwhile.
 */
async function mayStartPrimary(node: Node, attempt: Attempt): Promise<boolean> {
  const { clock, lease, memory, stop } = node;
  // a restored node is promoted as a standby, for which the lease is needed also before a majority has ever joined
  const restored = memory.now.restore !== null && lease.mode.on;
  if (licenseOf(node) === "not-needed" && !restored) return true;
  const asked = await lease.acquire();
  if (!asked.held) {
    attempt.bid?.end();
    say(
      node,
      "waiting",
      "waiting for the lease",
      `this node would start as primary, but it did not get the lease: ${asked.because}`,
    );
    // the holder may give the lease back at any moment, because this node has more WAL
    await clock.sleep(Math.min(asked.retryMs, longestRestMs), stop);
    return false;
  }
  if (attempt.keptTerm !== null && attempt.keptTerm === lease.term()) return true;
  const plan = await startupOf(await observe(node, attempt, finalLook), node, { final: true });
  if (plan.do === "start-primary") return true;
  attempt.bid?.end();
  say(node, "waiting", "giving the lease back", plan.because);
  await lease.release(plan.because);
  await clock.sleep(longestRestMs, stop);
  return false;
}

async function serve(
  plan: Extract<StartupPlan, { do: "start-primary" | "start-standby" }>,
  node: Node,
  attempt: Attempt,
): Promise<boolean> {
  const { doors } = node;
  await doors.data.clearLeftovers();
  if (plan.do === "start-primary" && licenseOf(node) === "not-needed" && node.lease.mode.on) {
    await doors.data.forgetStandbys();
  }
  if (plan.do === "start-standby" && plan.slot) await doors.others.ensureSlot(plan.upstream);
  const role = plan.do === "start-primary" ? "primary" : "standby";
  const recovery = role === "primary" ? node.memory.now.restore : null;
  const promote = role === "primary" && (recovery !== null || !continuesEpoch(node));
  const upstream = plan.do === "start-primary" ? null : plan.upstream;
  const { data } = node.seen.now;
  const as = role === "primary" && !promote ? { primary: true as const } : { upstream, recovery };
  await doors.data.prepareStart(as, data?.kind === "cluster" ? data.position : null);
  say(node, "recovering", `starting PostgreSQL as ${role}`, plan.because);
  const started = node.clock.nowMs();
  const end = await serveAsRole(role, node, promote ? plan.because : null);
  // after a crash the lease is kept: the same server starts again at once
  if (!["died", "lead-again", "restore"].includes(end.why)) {
    await node.lease.release(`PostgreSQL has ended (${end.why})`);
  }
  const lived = node.clock.nowMs() - started >= shortLifeMs;
  if (lived && end.why !== "never-ready") attempt.broken = sound;
  const short = end.why === "died" && !lived;
  const served = end.why === "died" ? !short : !("trouble" in end);
  if (served) attempt.crashRecovered = false;
  if (!("primary" in as) && "trouble" in end && await recoverFromCrash(end.trouble, node, attempt)) return true;
  node.condition.lived(short);
  if (short) {
    const because = `${failures.died}: ${end.trouble.because}`;
    node.condition.failed(node.clock.nowMs(), { ...end.trouble, because });
  }
  if (
    end.why === "never-ready" || end.why === "not-promoted" || end.why === "not-recovered" ||
    (end.why === "died" && node.condition.shortLives > shortLives)
  ) {
    throw new OperatorError({ what: failures[end.why], why: end.trouble.because, fix: end.trouble.fix });
  }
  // what cannot stream a second time, although its history allows it, has WAL that no rewind finds
  const inVain = end.why === "rejoin" && !end.streamed && attempt.rejoining;
  attempt.cloneBecause = end.why === "rejoin" && (end.clone || inVain) ? end.because : null;
  attempt.rejoining = end.why === "rejoin";
  return true;
}

const failures = {
  "never-ready": "PostgreSQL did not start",
  "died": "PostgreSQL ended soon after its start",
  "not-promoted": "PostgreSQL was not promoted",
  "not-recovered": "The recovery from the backup did not reach its target",
} as const;

/** A server that ended while its lease was kept goes on in its epoch; every other leadership begins a timeline of its own. */
function continuesEpoch(node: Node): boolean {
  const { data } = node.seen.now;
  if (licenseOf(node) === "not-needed") return true;
  return data?.kind === "cluster" && node.lease.epoch() === data.position.timeline;
}
