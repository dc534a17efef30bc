// The life of a node: observe, decide, apply, until the container is to stop. Between two decisions either a wait,
// a clone, a rewind, a bootstrap, or a server that runs (watch-loop.ts).
import { join } from "node:path";
import { postgresAccount } from "../../core/runtime/command.ts";
import { errorText, ExitCode, OperatorError, unreachable } from "../../core/words/errors.ts";
import { remove, writeAtomic } from "../../core/runtime/files.ts";
import { bootstrap } from "./data/bootstrap.ts";
import { clone } from "./data/clone.ts";
import type { ClusterView } from "./decide/view.ts";
import { observeData } from "./observe/data-directory.ts";
import { decideStartup, type StartupPlan } from "./decide/startup.ts";
import { seeDisk } from "./act/room.ts";
import { clearJournal, clearStaging, dataEntries, moveIntoPlace, readJournal } from "./data/journal.ts";
import { licenseOf, type Node, say } from "./node.ts";
import type { AskHow } from "../../core/client/peers.ts";
import { finalLook, observeSurroundings, viewOf } from "./observe/surroundings.ts";
import { clearStaleServer } from "./tools/postmaster.ts";
import { rewind, type RewindUnderWay } from "./data/rewind.ts";
import { lacksRoom } from "../../core/postgres/room.ts";
import { ensureSlotOn, writePrimaryState, writeStandbyState } from "./act/upstream.ts";
import { serveAsRole, type ServerEnd } from "./serve.ts";

/** Runs the node until it is stopped. Throws OperatorError where it must give up. */
export async function runNode(node: Node): Promise<void> {
  const attempt: Attempt = {
    since: node.clock.nowMs(),
    pauseMs: 250,
    cloneBecause: null,
    keptTerm: null,
  };
  while (!node.stop.aborted) {
    const plan = await decide(node, attempt);
    if (node.stop.aborted) return;
    try {
      const progressed = await apply(plan, node, attempt);
      if (progressed) Object.assign(attempt, { since: node.clock.nowMs(), pauseMs: 250 });
    } catch (error) {
      if (node.stop.aborted) return;
      await pauseAfterFailure(error, node, attempt);
    }
  }
}

/** A node that is to start as primary asks for the lease again after this at the latest, milliseconds. */
const longestRestMs = 500;

interface Attempt {
  /** when the present wait began */
  since: number;
  pauseMs: number;
  /** why only a clone can bring this node back, or null */
  cloneBecause: string | null;
  /** the term of the lease that this node had before it looked around: nobody else can have led since */
  keptTerm: number | null;
}

async function decide(node: Node, attempt: Attempt): Promise<StartupPlan> {
  const { config, state, log } = node;
  await clearStaleServer(config.pgdata, node);
  state.data = await observeData(config.pgdata, log);
  state.ranSince = false;
  await seeDisk(node);
  attempt.keptTerm = node.lease.held() ? node.lease.term() : null;
  const view = await observe(node, attempt);
  const plan = decideStartup(view);
  if (plan.do !== "start-primary") return plan;
  // say first that a primary is about to start, then look again: of two nodes that do this at once, one sees the other
  state.becomingPrimary = true;
  const again = decideStartup(await observe(node, attempt));
  if (again.do !== "start-primary") state.becomingPrimary = false;
  return again;
}

async function observe(node: Node, attempt: Attempt, how?: AskHow): Promise<ClusterView> {
  const { config, state } = node;
  const seen = await observeSurroundings(node, how);
  if (seen.primary && seen.primary.host !== config.host) node.sawPrimary = true;
  if (!state.data) throw new Error("observe() needs the data directory to be seen first");
  return {
    ...viewOf(node, seen),
    cleanOverRewind: config.cleanOverRewind,
    data: state.data,
    stuckWithoutRoom: state.failingSince !== null && lacksRoom(state.disk?.freeBytes ?? null),
    waitedMs: node.clock.nowMs() - attempt.since,
    cloneBecause: attempt.cloneBecause,
  };
}

/** Carries out one plan. True where something was achieved, so that waiting starts anew. */
async function apply(plan: StartupPlan, node: Node, attempt: Attempt): Promise<boolean> {
  const { config, log } = node;
  const started = node.clock.nowMs();
  switch (plan.do) {
    case "wait":
      say(node, "waiting", "waiting", plan.because);
      await waitALittle(node, attempt, plan.because);
      return false;
    case "refuse":
      throw new OperatorError({
        what: `Node ${config.name} does not start`,
        why: plan.because,
        fix: plan.fix,
        exitCode: ExitCode.refused,
      });
    case "finish-move":
      say(node, "cloning", "moving a finished clone into place", plan.because);
      await moveIntoPlace(config.pgdata, log);
      return true;
    case "discard-bootstrap":
      say(node, "starting", "discarding an unfinished bootstrap", plan.because);
      await discardBootstrap(node);
      return true;
    case "bootstrap":
      say(node, "starting", "making a fresh cluster", plan.because);
      await bootstrap({ ...node, signal: node.stop, writeServerConfig: () => writeServerConfig(node) });
      return true;
    case "clone":
      say(node, "cloning", `cloning from ${plan.from}`, plan.because);
      await clone(plan.from, { ...node, signal: node.stop });
      attempt.cloneBecause = null;
      noteRejoin("clone", plan.from, plan.because, started, node);
      return true;
    case "rewind":
      say(node, "rewinding", `rewinding to ${plan.to}`, plan.because);
      attempt.cloneBecause = await rewindTo(plan.to, plan.because, node) ? null : `The rewind to ${plan.to} failed`;
      return true;
    case "start-primary":
      return await mayStartPrimary(node, attempt) && await serve(plan, node, attempt);
    case "start-standby":
      return await serve(plan, node, attempt);
    default:
      return unreachable(plan);
  }
}

async function rewindTo(host: string, because: string, node: Node): Promise<boolean> {
  const started = node.clock.nowMs();
  const underWay: RewindUnderWay = { to: host, fetched: [] };
  node.rewinding = underWay;
  try {
    if (!(await rewind(host, { ...node, signal: node.stop }))) return false;
  } finally {
    node.rewinding = null;
  }
  const way = underWay.fetched.length > 0 ? "rewind with WAL from barman" : "rewind";
  noteRejoin(way, host, because, started, node);
  return true;
}

function noteRejoin(
  way: "rewind" | "rewind with WAL from barman" | "clone",
  from: string,
  because: string,
  started: number,
  node: Node,
): void {
  node.ownOrigin = null;
  node.state.failingSince = null;
  node.history.note("Rejoined", { way, from, because, tookMs: Math.round(node.clock.nowMs() - started) });
}

/**
 * A primary starts with the lease, or not at all. What was seen before it had the lease is not final: this node may have been
 * frozen since, and another one have led meanwhile.
 */
async function mayStartPrimary(node: Node, attempt: Attempt): Promise<boolean> {
  if (licenseOf(node) === "not-needed") return true;
  const asked = await node.lease.acquire();
  if (!asked.held) {
    node.state.becomingPrimary = false;
    say(node, "waiting", "waiting for the lease", `It would start as primary, but: ${asked.because}`);
    // whoever has the lease may give it back at any moment, because this node has more
    await node.clock.sleep(Math.min(asked.retryMs, longestRestMs), node.stop);
    return false;
  }
  if (attempt.keptTerm !== null && attempt.keptTerm === node.lease.term()) return true;
  const plan = decideStartup(await observe(node, attempt, finalLook), { final: true });
  if (plan.do === "start-primary") return true;
  node.state.becomingPrimary = false;
  say(node, "waiting", "giving the lease back", plan.because);
  await node.lease.release(plan.because);
  await node.clock.sleep(longestRestMs, node.stop);
  return false;
}

async function serve(
  plan: Extract<StartupPlan, { do: "start-primary" | "start-standby" }>,
  node: Node,
  attempt: Attempt,
): Promise<boolean> {
  const { config } = node;
  node.trouble = null;
  await clearJournalOfCopy(node);
  await writeServerConfig(node);
  if (plan.do === "start-primary") await writePrimaryState(config);
  else {
    await ensureSlotOn(plan.upstream, config, node.log);
    await writeStandbyState(plan.upstream, config);
  }
  const role = plan.do === "start-primary" ? "primary" : "standby";
  say(node, "recovering", `starting PostgreSQL as ${role}`, plan.because);
  const end: ServerEnd = await serveAsRole(role, node);
  node.state.becomingPrimary = false;
  // after a crash the lease is kept: the same server starts again at once
  if (end.why !== "died") await node.lease.release(`PostgreSQL has ended (${end.why})`);
  if (end.why === "never-ready") {
    throw new OperatorError({
      what: "PostgreSQL did not start",
      why: end.because,
      fix: "the lines of process postgres in this log say why; it is retried with growing pauses",
      exitCode: ExitCode.unavailable,
    });
  }
  attempt.cloneBecause = end.why === "rejoin" && end.clone ? end.because : null;
  node.cloneAsked = null;
  return true;
}

/** A clone that was cut off beside data that is still whole: what it left goes, the data stays. */
async function clearJournalOfCopy(node: Node): Promise<void> {
  if (await readJournal(node.config.pgdata) === null) return;
  node.log.info("Removing what an unfinished clone left, the data directory itself is whole");
  await clearStaging(node.config.pgdata);
  await clearJournal(node.config.pgdata);
}

/** The journal says "bootstrapping" until everything but the state directory is gone. */
async function discardBootstrap(node: Node): Promise<void> {
  const { pgdata } = node.config;
  const entries = await dataEntries(pgdata);
  node.log.warn("Removing a cluster whose bootstrap never ended, nobody has used it", { entries: entries.length });
  for (const name of entries) await remove(join(pgdata, name));
  await clearJournal(pgdata);
}

async function writeServerConfig(node: Node): Promise<void> {
  const path = join(node.config.pgdata, "postgresql.conf");
  await writeAtomic(path, node.serverConfig, { mode: 0o600, owner: postgresAccount });
}

async function waitALittle(node: Node, attempt: Attempt, because: string): Promise<void> {
  const limitMs = node.config.waitUpstreamSeconds * 1000;
  if (node.clock.nowMs() - attempt.since >= limitMs) {
    throw new GaveUp({
      what: `Gave up after ${node.config.waitUpstreamSeconds} s (WAIT_UPSTREAM_TIMEOUT)`,
      why: because,
      fix: "start the nodes named here, or check their names and the network; then start this node again",
      exitCode: ExitCode.unavailable,
    });
  }
  await node.clock.sleep(500, node.stop);
}

/** The wait is over; a failure would be tried again. */
class GaveUp extends OperatorError {
  override name = "GaveUp";
}

async function pauseAfterFailure(error: unknown, node: Node, attempt: Attempt): Promise<void> {
  const { clock, config, log } = node;
  // no server runs: whoever can start may lead meanwhile
  node.state.becomingPrimary = false;
  await node.lease.release(`PostgreSQL was not started: ${errorText(error)}`);
  if (error instanceof GaveUp) throw error;
  if (error instanceof OperatorError && (error.exitCode === ExitCode.refused || error.exitCode === ExitCode.config)) {
    throw error;
  }
  node.state.failingSince ??= clock.nowMs();
  const failingMs = clock.nowMs() - node.state.failingSince;
  if (failingMs >= config.waitStartSeconds * 1000) throw error;
  log.error("The attempt failed, trying again", {
    error: error instanceof Error ? error : errorText(error),
    afterMs: attempt.pauseMs,
  });
  say(node, "waiting", "pausing after a failure", errorText(error));
  await clock.sleep(attempt.pauseMs, node.stop);
  attempt.pauseMs = Math.min(attempt.pauseMs * 2, 10_000);
}
