// What the pgpool container answers to probes, and its metrics, from what the agent last saw.
import { publishedPasswords } from "../../../config/published.ts";
import { serviceVariablesToCompare } from "../../../config/same-everywhere.ts";
import type { RoleHttp } from "../../../core/http/app.ts";
import type { PgpoolStatus } from "../../../core/protocol/status.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { type PoolAgent, seenNow } from "../state.ts";
import { whyNoLogin } from "../decide/sessions.ts";
import { wantedConnections } from "../decide/connections.ts";
import { isAttached, servesPrimary } from "../decide/pool.ts";
import { judgeSettings, settingOf } from "../text/pgpool-conf.ts";
import { renderPoolStatus } from "../text/pool-status.ts";

/** An observation older than this is not used for an answer, milliseconds. */
const staleMs = 15_000;

function ageMs(agent: PoolAgent): number {
  return agent.clock.nowMs() - agent.turnedMs;
}

function blind(agent: PoolAgent): Verdict | null {
  if (ageMs(agent) > staleMs) {
    return no(`the agent has not looked at the pool for ${Math.round(ageMs(agent) / 1000)} s`);
  }
  const { doing, because } = agent.activity;
  if (!agent.run?.process.supervised.running()) return no(`pgpool does not run: ${doing} (${because})`);
  return seenNow(agent).nodes === null ? no("pgpool could not be asked for its nodes") : null;
}

/** Whether pgpool sends writes to the real primary. No, if that cannot be seen. */
export function hasWriteNode(agent: PoolAgent): Verdict {
  const { primary, whyNone, known } = agent.truth;
  const unseen = blind(agent);
  if (unseen) return unseen;
  if (primary === null) return no(`no primary is in sight: ${whyNone}`);
  return servesPrimary(seenNow(agent).nodes ?? [], primary)
    ? yes(`writes go to ${known?.host}`)
    : no(`pgpool does not send writes to ${known?.host} yet`);
}

/** Whether a client that logs in can write. */
function isReady(agent: PoolAgent): Verdict {
  const none = whyNoLogin(agent.logins, agent.sessions);
  return none === null ? hasWriteNode(agent) : no(none);
}

/** Whether at least `least` backends are attached. No, if that cannot be seen and `least` is not 0. */
export function hasEnoughBackends(agent: PoolAgent, least: number): Verdict {
  if (least === 0) return yes("no minimum is required");
  const unseen = blind(agent);
  if (unseen) return unseen;
  const up = (seenNow(agent).nodes ?? []).filter(isAttached).length;
  return up >= least ? yes(`${up} backends are attached`) : no(`${up} backends are attached, ${least} are required`);
}

/** GET /status. */
export function poolStatus(agent: PoolAgent): PgpoolStatus {
  const { activity, config, truth } = agent;
  const verdict = judgeSettings(config.settings, config.imageVersions);
  const number = (name: string) => Number(settingOf(name, verdict.settings));
  const uptimeMs = agent.clock.nowMs() - agent.startedMs;
  return renderPoolStatus({
    variables: serviceVariablesToCompare(agent.config),
    ...activity,
    uptimeMs,
    observedAgoMs: ageMs(agent),
    backends: config.backends,
    truth,
    pool: seenNow(agent).nodes,
    sessions: agent.sessions,
    logins: agent.logins,
    publishedPasswords: publishedPasswords({
      CHECK_PASSWORD: config.checkPassword,
      PCP_PASSWORD: config.pcpPassword,
      ...Object.fromEntries(config.dbUsers.map((u) => [`DB_USERS (${u.name})`, u.password])),
    }),
    secrets: agent.secrets.troubles(),
    tlsFaults: agent.tls.faults,
    oldSettings: [...verdict.warnings, ...verdict.idle],
    mayOpen: wantedConnections({
      children: number("num_init_children"),
      maxPool: number("max_pool"),
      users: Math.max(1, config.dbUsers.length),
    }),
  });
}

/** The answers of this role. Liveness fails only if the agent itself is stuck: a lost primary is not a reason to restart. */
export function pgpoolHttp(agent: PoolAgent): RoleHttp {
  const alive = () => {
    const { phase, doing, because } = agent.activity;
    const stuck = phase !== "starting" && ageMs(agent) > 2 * staleMs;
    return stuck ? no(`the agent is stuck: ${doing} (${because})`) : yes(`${phase}: ${doing} (${because})`);
  };
  const reads = () => hasEnoughBackends(agent, 1);
  return {
    status: () => poolStatus(agent),
    healthz: () => Promise.resolve(alive()),
    readyz: () => Promise.resolve(isReady(agent)),
    primary: () => Promise.resolve(hasWriteNode(agent)),
    replica: () => Promise.resolve(reads()),
    readOnly: () => Promise.resolve(reads()),
    history: () => agent.history.all(),
    addresses: () => agent.peers.names.all(),
    metrics: () => agent.metrics.text(),
  };
}
