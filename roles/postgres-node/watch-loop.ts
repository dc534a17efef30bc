// A running server: brought up, watched once a second, its repmgr record and repmgrd kept right, its upstream mended;
// ends when the server ends or when this node has to become something else.
import { errorText } from "../runtime/errors.ts";
import { supervise, type Supervised } from "../runtime/supervisor.ts";
import { observedRole, renderStatus } from "./agent-state.ts";
import { parseStreamingTrouble } from "./controldata.ts";
import { decideRegistration, registrationGraceMs, registrationRetryMs } from "./decide-registration.ts";
import { decideRunning, type RunningPlan, type RunningView } from "./decide-running.ts";
import { writeMemory } from "./marker.ts";
import { type Node, say } from "./node.ts";
import { knownHosts, observeServer, observeSurroundings, type Surroundings } from "./observe.ts";
import { startPostmaster, stopSteps } from "./postmaster.ts";
import { postgresAccount } from "../runtime/command.ts";
import { promoteStandby, registerPrimary, registerStandby } from "./repmgr.ts";
import { repmgrConfPath } from "./repmgr-conf.ts";
import { reached } from "./cluster-view.ts";
import { reloadServer } from "./queries.ts";
import { ensureSlotOn, writeLockFiles, writeStandbyState } from "./upstream.ts";

export type ServerEnd =
  | { why: "stopped" }
  | { why: "never-ready"; because: string }
  | { why: "died" }
  | { why: "demoted" }
  | { why: "rejoin"; clone: boolean };

/** What the watch remembers between two looks. */
interface Watch {
  postgres: Supervised;
  notStreamingSince: number | null;
  noPrimarySince: number | null;
  registerSince: number | null;
  registeredTryAt: number;
  /** the record has been right once since the server started: from then on repmgr may be the one to change it */
  wasRegistered: boolean;
  lastRole: string;
  lastUpstreamId: number | null;
}

const pauseMs = 1_000;

/** Starts the server and stays until it ends or has to be stopped. */
export async function serveAsRole(role: "primary" | "standby", node: Node): Promise<ServerEnd> {
  const { config, state, log } = node;
  const postgres = startPostmaster({
    pgdata: config.pgdata,
    stoppingMs: config.stoppingSeconds * 1000,
    onLine: (line) => {
      node.trouble = parseStreamingTrouble(line) ?? node.trouble;
      log.info("Output", { process: "postgres", line });
    },
  }, node);
  state.postmasterRuns = true;
  const watch: Watch = {
    postgres,
    notStreamingSince: null,
    noPrimarySince: null,
    registerSince: null,
    registeredTryAt: -Infinity,
    wasRegistered: false,
    lastRole: "",
    lastUpstreamId: null,
  };
  try {
    if (!(await waitUntilReady(watch, node))) {
      if (node.stop.aborted) return { why: "stopped" };
      const exit = postgres.lastExit();
      return { why: "never-ready", because: `postgres exited with ${exit?.code ?? exit?.signal} before it answered` };
    }
    say(node, "running", `serving as ${role}`, state.because);
    return await watchServer(watch, node);
  } finally {
    await stopServer(watch, node);
    Object.assign(state, { postmasterRuns: false, server: null, repmgrdRuns: false, becomingPrimary: false });
  }
}

async function waitUntilReady(watch: Watch, node: Node): Promise<boolean> {
  let reported = node.clock.nowMs();
  while (watch.postgres.running() && !node.stop.aborted) {
    try {
      node.state.server = await observeServer(node.sql, node.clock);
      return true;
    } catch (error) {
      if (node.clock.nowMs() - reported >= node.config.recoveryCheckSeconds * 1000) {
        reported = node.clock.nowMs();
        node.log.info("PostgreSQL does not answer yet", { why: errorText(error) });
      }
      await node.clock.sleep(100, node.stop);
    }
  }
  return false;
}

async function watchServer(watch: Watch, node: Node): Promise<ServerEnd> {
  while (!node.stop.aborted) {
    if (!watch.postgres.running()) {
      node.log.warn("The server has ended", { exit: watch.postgres.lastExit() });
      return { why: "died" };
    }
    const end = await lookOnce(watch, node);
    if (end) return end;
    await pause(watch, node);
  }
  return { why: "stopped" };
}

/** Sleeps until the next look, an event, or the end of the server. */
async function pause(watch: Watch, node: Node): Promise<void> {
  const woken = new Promise<void>((resolve) => node.wake = resolve);
  await Promise.race([node.clock.sleep(pauseMs, node.stop), woken, watch.postgres.exited()]);
}

async function lookOnce(watch: Watch, node: Node): Promise<ServerEnd | null> {
  const { state } = node;
  try {
    state.server = await observeServer(node.sql, node.clock);
  } catch (error) {
    node.log.warn("The local server did not answer", { why: errorText(error) });
    if (state.server && node.clock.nowMs() - state.server.atMs > 5_000) state.server = null;
    return null;
  }
  if (observedRole(state) === "primary") state.becomingPrimary = false;
  const hosts = knownHosts(node.config, state, node.memory.hosts);
  const surroundings = await observeSurroundings({ hosts, history: node.histories }, node);
  await remember(surroundings, node);
  await noteRole(watch, surroundings, node);
  const view = runningView(watch, surroundings, node);
  if (!view) return null;
  const end = await applyRunning(decideRunning(view), watch, node);
  if (end) return end;
  await keepRegistered(watch, surroundings, node);
  return null;
}

function runningView(watch: Watch, surroundings: Surroundings, node: Node): RunningView | null {
  const { config, state, clock } = node;
  const status = renderStatus(state, config, clock.nowMs()).postgres;
  if (status.role !== "primary" && status.role !== "standby") return null;
  if (status.systemIdentifier === null || status.timeline === null) return null;
  const streaming = status.upstream?.streaming ?? false;
  if (streaming) node.trouble = null;
  watch.notStreamingSince = status.role === "primary" || streaming ? null : watch.notStreamingSince ?? clock.nowMs();
  watch.noPrimarySince = surroundings.primary ? null : watch.noPrimarySince ?? clock.nowMs();
  const since = (at: number | null) => at === null ? 0 : clock.nowMs() - at;
  return {
    self: { host: config.host, nodeId: config.id, priority: config.priority },
    mayBootstrap: config.upstreamHost === null,
    configuredUpstream: config.upstreamHost,
    otherPartners: config.otherPartners,
    everHadMajority: node.memory.everHadMajority,
    peers: surroundings.peers,
    primary: surroundings.primary,
    role: status.role,
    systemIdentifier: status.systemIdentifier,
    position: { timeline: status.timeline, lsn: status.lsn ?? "0/0" },
    upstream: status.upstream?.host ?? null,
    streaming,
    notStreamingMs: since(watch.notStreamingSince),
    noPrimaryMs: since(watch.noPrimarySince),
    trouble: node.trouble,
  };
}

async function applyRunning(plan: RunningPlan, watch: Watch, node: Node): Promise<ServerEnd | null> {
  switch (plan.do) {
    case "nothing":
      return null;
    case "demote":
      say(node, "stopping", "stopping a false primary", plan.because);
      await watch.postgres.stop([{ signal: "SIGQUIT", waitMs: 3_000 }]);
      return { why: "demoted" };
    case "rejoin":
      say(node, "stopping", plan.clone ? "stopping to be cloned" : "stopping to be rewound", plan.because);
      return { why: "rejoin", clone: plan.clone };
    case "follow":
      await follow(plan.upstream, plan.because, watch, node);
      return null;
    case "promote":
      await promoteHere(plan.because, node);
      return null;
  }
}

async function follow(upstream: string, because: string, watch: Watch, node: Node): Promise<void> {
  node.log.info("Following another upstream", { upstream, because });
  if (!(await ensureSlotOn(upstream, node.config, node.log))) return;
  await writeStandbyState(upstream, node.config);
  await reloadServer(node.sql);
  watch.notStreamingSince = null;
}

/** The agent's own promotion, where repmgrd has not done it; repmgr keeps its records right. */
async function promoteHere(because: string, node: Node): Promise<void> {
  say(node, "promoting", "promoting this standby", because);
  node.state.becomingPrimary = true;
  const promoted = await promoteStandby(node.log);
  node.state.becomingPrimary = promoted;
  if (promoted) say(node, "running", "serving as primary", because);
  else say(node, "running", "serving as standby", "the promotion failed, it is tried again");
}

/** Writes down what must outlive the container: the marker of the first majority, and who is known. */
async function remember(surroundings: Surroundings, node: Node): Promise<void> {
  const { config, state, memory } = node;
  const systemIdentifier = state.server?.state.system_identifier ?? "";
  const joined = reached(surroundings).filter((p) =>
    p.systemIdentifier === systemIdentifier && config.otherPartners.includes(p.host) && p.role !== "none"
  );
  const size = config.otherPartners.length + 1;
  const majority = config.otherPartners.length > 0 && (joined.length + 1) * 2 > size;
  const hosts = knownHosts(config, state, []).toSorted();
  const next = { nodeId: config.id, systemIdentifier, everHadMajority: memory.everHadMajority || majority, hosts };
  if (JSON.stringify(next) === JSON.stringify(memory)) return;
  if (next.everHadMajority && !memory.everHadMajority) {
    node.log.info("A majority of PARTNER_NODES has joined; from now on a majority decides who leads", {
      partners: config.partners,
    });
  }
  await writeMemory(config.pgdata, next);
  node.memory = next;
  state.everHadMajority = next.everHadMajority;
}

/** The lock files of 1.x and one log line, each time the role or the upstream changes. */
async function noteRole(watch: Watch, surroundings: Surroundings, node: Node): Promise<void> {
  const { config, state } = node;
  const role = observedRole(state);
  const upstream = renderStatus(state, config, node.clock.nowMs()).postgres.upstream?.host ?? null;
  const upstreamNodeId = reached(surroundings).find((p) => p.host === upstream)?.nodeId ?? null;
  if (role === watch.lastRole && upstreamNodeId === watch.lastUpstreamId) return;
  if (role !== "primary" && role !== "standby") return;
  if (role !== watch.lastRole) {
    node.log.info("Role observed", { role, upstream, timeline: state.server?.state.timeline });
  }
  Object.assign(watch, { lastRole: role, lastUpstreamId: upstreamNodeId });
  if (state.phase === "running") say(node, "running", `serving as ${role}`, state.because);
  const configured = upstream === config.upstreamHost;
  await writeLockFiles(
    config,
    role === "primary" ? { primary: true } : {
      primary: false,
      upstreamNodeId: configured ? null : upstreamNodeId,
    },
  );
}

/** Keeps repmgr's record of this node true, and repmgrd running while it is. */
async function keepRegistered(watch: Watch, surroundings: Surroundings, node: Node): Promise<void> {
  const { config, state, clock } = node;
  const status = renderStatus(state, config, clock.nowMs()).postgres;
  if (status.role !== "primary" && status.role !== "standby") return;
  const upstream = reached(surroundings).find((p) => p.host === status.upstream?.host);
  const decision = decideRegistration({
    self: { nodeId: config.id, nodeName: config.name, host: config.host, priority: config.priority },
    role: status.role,
    registered: status.registered,
    upstreamNodeId: upstream?.nodeId ?? null,
  });
  state.repmgrdRuns = node.repmgrd?.running() ?? false;
  if (decision.need === "none") {
    watch.registerSince = null;
    watch.wasRegistered = true;
    startRepmgrd(node);
    return;
  }
  watch.registerSince ??= clock.nowMs();
  const waitedMs = clock.nowMs() - watch.registerSince;
  if (decision.need === "soon" && watch.wasRegistered && waitedMs < registrationGraceMs) return startRepmgrd(node);
  if (clock.nowMs() - watch.registeredTryAt < registrationRetryMs) return;
  if (status.role === "standby" && (!upstream || !status.upstream?.streaming)) return;
  watch.registeredTryAt = clock.nowMs();
  node.log.info("Registering in repmgr", { role: status.role, because: decision.because });
  const ok = status.role === "primary"
    ? await registerPrimary(node.sql, config.id, node.log)
    : await registerStandby(upstream!.nodeId, node.log);
  if (!ok) return;
  await stopRepmgrd(node); // it reads its own record only when it starts
  watch.registerSince = null;
}

function startRepmgrd(node: Node): void {
  if (node.repmgrd) return;
  node.repmgrd = supervise({
    name: "repmgrd",
    argv: ["/usr/bin/repmgrd", "-f", repmgrConfPath, "--daemonize=false", "--no-pid-file"],
    as: postgresAccount,
    stop: [{ signal: "SIGTERM", waitMs: 1_000 }],
    restart: { restart: "always", firstPauseMs: 500, maxPauseMs: 3_000, steadyMs: 10_000 },
  }, node);
}

async function stopRepmgrd(node: Node): Promise<void> {
  const { repmgrd } = node;
  node.repmgrd = null;
  await repmgrd?.stop();
}

async function stopServer(watch: Watch, node: Node): Promise<void> {
  await Promise.all([
    stopRepmgrd(node),
    watch.postgres.stop(stopSteps(node.config.stoppingSeconds * 1000)),
  ]);
}
