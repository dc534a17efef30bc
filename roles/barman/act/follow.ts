// Watches the nodes and follows the primary: the receiver is restarted when another node becomes primary.
import { postgresAccount } from "../../../core/runtime/command.ts";
import { errorText } from "../../../core/words/errors.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import { reportOf } from "../../../core/protocol/choose-primary.ts";
import type { PeerSeen } from "../../../core/protocol/status.ts";
import { every } from "../../../core/runtime/time.ts";
import { decideFollow, type DirectPrimary, type Follow, hostsToAsk, type NodeAsked } from "../decide/follow.ts";
import { loginTo } from "../tools/login.ts";
import { knownHostsPath } from "../text/places.ts";
import { readIdentity } from "./identity.ts";
import { knownHosts } from "./known-hosts.ts";
import { readPrimaryWal, visit } from "../tools/queries.ts";
import type { Barman } from "../state.ts";

const askEveryMs = 2_000;
const askTimeoutMs = 1_500;

/** Asks all known nodes every two seconds until the role stops. `follow`: followOnce(), one at a time. */
export async function followPrimary(barman: Barman, follow: () => Promise<void>): Promise<void> {
  barman.state.hosts = await knownHosts(barman);
  const round = async () => {
    barman.state.lastBeatMs = barman.clock.nowMs();
    await follow();
  };
  await every(askEveryMs, round, {
    clock: barman.clock,
    signal: barman.stop,
    onError: (error) => barman.log.error("Looking for the primary failed", { error }),
  });
}

/** Asks all known nodes, and follows the primary if it has changed. */
export async function followOnce(barman: Barman): Promise<void> {
  const { state } = barman;
  const seen = await Promise.all(
    state.hosts.map((host) => barman.client.askNode(host, { timeoutMs: askTimeoutMs })),
  );
  state.keeping = seen.flatMap((p) =>
    p.seen === "reached" && p.status.kept?.backup === null ? [{ host: p.host, timeline: p.status.kept.timeline }] : []
  );
  const peers = seen.map(asked);
  const decision = decideFollow({
    peers,
    direct: peers.some((p) => p.seen === "reached") ? [] : await askServers(barman),
    inUse: state.primary,
    systemIdentifier: await readIdentity(barman.config),
  });
  await learnHosts(peers, barman);
  noteDecision(decision, barman);
}

function asked(peer: PeerSeen): NodeAsked {
  if (peer.seen !== "reached") return { host: peer.host, seen: "unreachable", error: peer.error };
  const { host, status } = peer;
  const registered = status.postgres.registered?.map((n) => n.host) ?? null;
  return { host, seen: "reached", report: reportOf(host, status), ownHost: status.node.host, registered };
}

function noteDecision(decision: Follow, barman: Barman): void {
  const { state, log } = barman;
  const { following, sight } = state;
  state.following = decision.because;
  if (decision.do === "wait") {
    const news = following !== decision.because;
    if (news) log.warn("No primary in sight", { because: decision.because, following: state.primary });
    return noteAbsence(decision.because, barman);
  }
  state.primarySeenMs = barman.clock.nowMs();
  state.primaryLeased = decision.leased;
  state.sight = "seen";
  if (decision.host === state.primary) {
    if (sight === "seen") return;
    log.info("Primary in sight again", { host: decision.host, because: decision.because });
    if (!state.receiver.streaming) startReceiverAnew(barman);
    return;
  }
  log.info("Following another primary", { from: state.primary, to: decision.host, because: decision.because });
  state.primary = decision.host;
  startReceiverAnew(barman);
}

/** Ends the present receiver, or the pause before the next one. */
export function startReceiverAnew(barman: Barman): void {
  const former = barman.primaryChange;
  barman.primaryChange = new AbortController();
  former.abort();
}

function noteAbsence(because: string, barman: Barman): void {
  const { state, clock, log, config } = barman;
  const awayMs = clock.nowMs() - (state.primarySeenMs ?? state.startedMs);
  if (state.sight === "seen") state.sight = "away";
  if (state.sight === "overdue" || awayMs < config.waitUpstreamSeconds * 1000) return;
  state.sight = "overdue";
  log.error("Still no primary in sight: WAL is not received", {
    awaySeconds: Math.round(awayMs / 1000),
    because,
    fix: "check that a node of REPLICATION_HOST runs and that its name resolves; see the logs of the nodes",
  });
}

/** Asks the nodes over SQL: they have no agent, or all agents are silent. */
async function askServers(barman: Barman): Promise<DirectPrimary[]> {
  const asked = barman.state.hosts.map(async (host): Promise<DirectPrimary[]> => {
    try {
      const wal = await visit(loginTo(host, barman), 3_000, readPrimaryWal);
      if (wal.inRecovery || wal.timeline === null) return [];
      return [{ host, timeline: wal.timeline, systemIdentifier: wal.systemIdentifier }];
    } catch (error) {
      barman.log.debug("A node answers neither HTTP nor SQL", { host, error: errorText(error) });
      return [];
    }
  });
  return (await Promise.all(asked)).flat();
}

async function learnHosts(peers: readonly NodeAsked[], barman: Barman): Promise<void> {
  const { state, config, log } = barman;
  const hosts = hostsToAsk(config.hosts, state.hosts, peers);
  if (hosts.join() === state.hosts.join()) return;
  log.info("The list of the cluster's nodes has changed", { hosts });
  state.hosts = hosts;
  await writeAtomic(knownHostsPath(config), JSON.stringify({ hosts }) + "\n", { mode: 0o644, owner: postgresAccount });
}
