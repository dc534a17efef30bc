// A running server: brought up, watched once a second, its repmgr record and repmgrd kept right, its upstream mended;
// ends when the server ends or when this node has to become something else.
import { errorText } from "../../core/words/errors.ts";
import { observedRole } from "./state/agent-state.ts";
import { keepConsistency } from "./act/consistency.ts";
import { parseStreamingTrouble } from "./text/controldata.ts";
import { decideRunning, type RunningPlan } from "./decide/running.ts";
import type { RunningView } from "./decide/view.ts";
import { keepRoom } from "./act/room.ts";
import { fenceServer } from "./lease/fence.ts";
import { endForce, getFirstLease } from "./lease/upkeep.ts";
import { announce, armIfNeeded, licenseOf, type Node, say, statusOf } from "./node.ts";
import { handOverRecovery } from "./act/hand-over.ts";
import { observeServer, observeSurroundings, type Surroundings, viewOf } from "./observe/surroundings.ts";
import type { TimelineOrigin } from "../../core/postgres/lsn.ts";
import { immediateStop, startPostmaster } from "./tools/postmaster.ts";
import { keepRegistered } from "./act/registration.ts";
import { follow, promoteHere } from "./act/promote.ts";
import { stopServer } from "./stop-server.ts";
import { waitUntilReady } from "./until-ready.ts";
import { rememberOrigin } from "./observe/timeline-origin.ts";
import { dropUnneededSlots, noteRole, remember } from "./act/upkeep.ts";
import type { Watch } from "./watch.ts";

export type ServerEnd =
  | { why: "stopped" }
  | { why: "never-ready"; because: string }
  | { why: "died" }
  | { why: "demoted" }
  | { why: "fenced" }
  | { why: "handed-over" }
  | { why: "rejoin"; clone: boolean; because: string };

const longestPauseMs = 1_000;
/** A receiver streams when PostgreSQL has not complained about it for this long, milliseconds. */
const steadyMs = 2_000;

/** Starts the server and stays until it ends or has to be stopped. */
export async function serveAsRole(role: "primary" | "standby", node: Node): Promise<ServerEnd> {
  const { config, state, clock, log } = node;
  const postgres = startPostmaster({
    pgdata: config.pgdata,
    stoppingMs: config.stoppingSeconds * 1000,
    onLine: (line) => {
      const what = parseStreamingTrouble(line);
      if (what) node.trouble = { what, atMs: clock.nowMs() };
      log.info("Output", { process: "postgres", line });
    },
  }, node);
  Object.assign(state, { postmasterRuns: true, ranSince: true });
  if (role === "primary") armIfNeeded(node);
  const watch: Watch = {
    surroundings: null,
    postgres,
    notStreamingSince: null,
    noPrimarySince: null,
    registerSince: null,
    registering: false,
    registeredTryAt: -Infinity,
    wasRegistered: false,
    slotsLookedAt: clock.nowMs(),
    lastRole: "",
    lastUpstreamId: null,
    retryMs: null,
  };
  try {
    const ready = await waitUntilReady(watch, role, node);
    if (typeof ready === "object") {
      await fenceServer(node.config.pgdata, node.clock);
      await handOverRecovery(ready.to, ready.because, node);
      return { why: "handed-over" };
    }
    if (ready === "ended") {
      if (node.stop.aborted) return { why: "stopped" };
      const exit = postgres.lastExit();
      return { why: "never-ready", because: `postgres exited with ${exit?.code ?? exit?.signal} before it answered` };
    }
    state.failingSince = null;
    say(node, "running", `serving as ${role}`, state.because);
    return await watchServer(watch, node);
  } finally {
    await stopServer(watch, node);
    node.lease.disarm();
    Object.assign(state, { postmasterRuns: false, server: null, repmgrdRuns: false, becomingPrimary: false });
    announce(node);
  }
}

async function watchServer(watch: Watch, node: Node): Promise<ServerEnd> {
  while (!node.stop.aborted) {
    if (!watch.postgres.running()) {
      node.log.warn("The server has ended", { exit: watch.postgres.lastExit() });
      return { why: "died" };
    }
    if (node.handOver) return { why: "handed-over" };
    if (node.cloneAsked) return { why: "rejoin", clone: true, because: node.cloneAsked };
    const end = await lookOnce(watch, node);
    if (end) return end;
    await pause(watch, node);
  }
  return { why: "stopped" };
}

/** Sleeps until the next look, an event, or the end of the server. */
async function pause(watch: Watch, node: Node): Promise<void> {
  const woken = new Promise<void>((resolve) => node.wake = resolve);
  const pauseMs = Math.min(longestPauseMs, watch.retryMs ?? longestPauseMs);
  watch.retryMs = null;
  await Promise.race([node.clock.sleep(pauseMs, node.stop), woken, watch.postgres.exited()]);
}

async function lookOnce(watch: Watch, node: Node): Promise<ServerEnd | null> {
  const { state } = node;
  try {
    state.server = await observeServer(node);
  } catch (error) {
    node.log.warn("The local server did not answer", { why: errorText(error) });
    if (state.server && node.clock.nowMs() - state.server.atMs > 5_000) state.server = null;
    return null;
  }
  if (observedRole(state) === "primary") state.becomingPrimary = false;
  announce(node);
  const surroundings = await observeSurroundings(node);
  if (surroundings.primary) node.sawPrimary = true;
  watch.surroundings = surroundings;
  await getFirstLease(node);
  await endForce(surroundings, node);
  await remember(surroundings, node);
  await noteRole(watch, surroundings, node);
  const view = runningView(watch, surroundings, await rememberOrigin(node), node);
  if (!view) return null;
  const end = await applyRunning(decideRunning(view), watch, node);
  if (end) return end;
  await keepRoom(surroundings, node);
  await keepConsistency(surroundings, node);
  keepRegistered(watch, surroundings, node);
  await dropUnneededSlots(watch, surroundings, node);
  return null;
}

function runningView(
  watch: Watch,
  surroundings: Surroundings,
  origin: TimelineOrigin | null,
  node: Node,
): RunningView | null {
  const { clock } = node;
  const status = statusOf(node).postgres;
  if (status.role !== "primary" && status.role !== "standby") return null;
  if (status.systemIdentifier === null || status.timeline === null) return null;
  const streaming = status.upstream?.streaming ?? false;
  // a WAL receiver that starts and ends again and again is seen streaming now and then, and gets nowhere
  const steady = streaming && clock.nowMs() - (node.trouble?.atMs ?? -Infinity) >= steadyMs;
  if (steady) node.trouble = null;
  watch.notStreamingSince = status.role === "primary" || steady ? null : watch.notStreamingSince ?? clock.nowMs();
  watch.noPrimarySince = surroundings.primary ? null : watch.noPrimarySince ?? clock.nowMs();
  const since = (at: number | null) => at === null ? 0 : clock.nowMs() - at;
  return {
    ...viewOf(node, surroundings),
    sawPrimary: node.sawPrimary,
    license: licenseOf(node),
    role: status.role,
    systemIdentifier: status.systemIdentifier,
    position: { timeline: status.timeline, lsn: status.lsn ?? "0/0" },
    origin,
    upstream: status.upstream?.host ?? null,
    streaming,
    notStreamingMs: since(watch.notStreamingSince),
    noPrimaryMs: since(watch.noPrimarySince),
    trouble: node.trouble?.what ?? null,
  };
}

async function applyRunning(plan: RunningPlan, watch: Watch, node: Node): Promise<ServerEnd | null> {
  switch (plan.do) {
    case "nothing":
      return null;
    case "demote":
      say(node, "stopping", "stopping a false primary", plan.because);
      await watch.postgres.stop(immediateStop);
      return { why: "demoted" };
    case "fence":
      say(node, "stopping", "fencing PostgreSQL", plan.because);
      node.state.fenced = plan.because;
      await fenceServer(node.config.pgdata, node.clock);
      return { why: "fenced" };
    case "rejoin":
      say(node, "stopping", plan.clone ? "stopping to be cloned" : "stopping to be rewound", plan.because);
      return { why: "rejoin", clone: plan.clone, because: plan.because };
    case "follow":
      await follow(plan.upstream, plan.because, watch, node);
      return null;
    case "promote":
      if (node.state.becomingPrimary) return null; // repmgrd or an operator has asked already
      watch.retryMs = await promoteHere(plan.because, node);
      return null;
  }
}
