// What the pgpool container answers to probes, and its metrics, from what the agent last saw.
import type { RoleHttp, Sample } from "../runtime/http-app.ts";
import { no, type Verdict, yes } from "../runtime/verdict.ts";
import { type PoolAgent, renderPoolStatus } from "./agent.ts";
import { servesPrimary } from "./decide-pool.ts";

/** Whether pgpool sends writes to the real primary. */
export function hasWriteNode(agent: PoolAgent): Verdict {
  const { primary, doing, because } = renderPoolStatus(agent);
  if (!agent.process?.supervised.running()) return no(`pgpool does not run: ${doing} (${because})`);
  if (agent.primary === null) return no("no primary is in sight");
  if (agent.pool === null) return no("pgpool could not be asked for its nodes");
  return servesPrimary(agent.pool, agent.primary)
    ? yes(`writes go to ${primary}`)
    : no(`pgpool does not serve ${primary} yet`);
}

/** Whether at least so many backends are attached. */
export function hasEnoughBackends(agent: PoolAgent, least: number): Verdict {
  if (agent.pool === null) {
    return least === 0 ? yes("no minimum is asked for") : no("pgpool could not be asked for its nodes");
  }
  const up = agent.pool.filter((n) => n.status === "up" || n.status === "waiting").length;
  return up >= least ? yes(`${up} backends are attached`) : no(`${up} backends are attached, ${least} are asked for`);
}

export function pgpoolHttp(agent: PoolAgent): RoleHttp {
  const readOnly = () => {
    const verdict = hasEnoughBackends(agent, 1);
    return agent.process?.supervised.running() ? verdict : no("pgpool does not run");
  };
  return {
    status: () => renderPoolStatus(agent),
    healthz: () => Promise.resolve(yes(`${agent.phase}: ${agent.doing} (${agent.because})`)),
    readyz: () => Promise.resolve(hasWriteNode(agent)),
    primary: () => Promise.resolve(hasWriteNode(agent)),
    replica: () => Promise.resolve(readOnly()),
    readOnly: () => Promise.resolve(readOnly()),
    samples: () => samples(agent),
  };
}

function samples(agent: PoolAgent): Sample[] {
  const list: Sample[] = [
    { name: "pgpool2_up", help: "1 while pgpool answers the agent", value: agent.pool ? 1 : 0 },
    { name: "postdock_pgpool_restarts_total", help: "Restarts of pgpool by the agent", value: agent.restarts },
  ];
  for (const backend of renderPoolStatus(agent).backends) {
    if (backend.status === "unknown") continue;
    const labels = { hostname: backend.host, port: String(backend.port), role: backend.role };
    const value = backend.status === "up" || backend.status === "waiting" ? 1 : 0;
    list.push({ name: "pgpool2_pool_nodes_status", help: "1 while the backend is attached", labels, value });
  }
  return list;
}
