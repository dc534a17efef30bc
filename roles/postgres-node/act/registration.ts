// Keeps repmgr's record of this node true, and repmgrd running while it is.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { errorText } from "../../../core/words/errors.ts";
import { supervise } from "../../../core/runtime/supervisor.ts";
import { renderStatus } from "../state/agent-state.ts";
import { reached } from "../decide/view.ts";
import { decideRegistration, registrationGraceMs, registrationRetryMs } from "../decide/registration.ts";
import type { Node } from "../node.ts";
import type { Surroundings } from "../observe/surroundings.ts";
import { registerPrimary, registerStandby } from "../tools/repmgr.ts";
import { repmgrConfPath } from "../text/repmgr-conf.ts";
import type { Watch } from "../watch.ts";

/** Keeps repmgr's record of this node true, and repmgrd running while it is. */
export function keepRegistered(watch: Watch, surroundings: Surroundings, node: Node): void {
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
  if (watch.registering || clock.nowMs() - watch.registeredTryAt < registrationRetryMs) return;
  if (status.role === "standby" && (!upstream || !status.upstream?.streaming)) return;
  node.log.info("Registering in repmgr", { role: status.role, because: decision.because });
  watch.registering = true;
  const registered = status.role === "primary"
    ? registerPrimary(node.sql, config.id, node.log)
    : registerStandby(upstream!.nodeId, node.log);
  registered.then((ok) => ok ? stopRepmgrd(node) : undefined) // it reads its own record only when it starts
    .catch((error) => node.log.warn("Registering in repmgr failed", { why: errorText(error) }))
    .finally(() => Object.assign(watch, { registering: false, registeredTryAt: clock.nowMs() }));
}

export function startRepmgrd(node: Node): void {
  if (node.repmgrd) return;
  node.repmgrd = supervise({
    name: "repmgrd",
    argv: ["/usr/bin/repmgrd", "-f", repmgrConfPath, "--daemonize=false", "--no-pid-file"],
    as: postgresAccount,
    stop: [{ signal: "SIGTERM", waitMs: 1_000 }],
    restart: { restart: "always", firstPauseMs: 500, maxPauseMs: 3_000, steadyMs: 10_000 },
  }, node);
}

export async function stopRepmgrd(node: Node): Promise<void> {
  const { repmgrd } = node;
  node.repmgrd = null;
  await repmgrd?.stop();
}
