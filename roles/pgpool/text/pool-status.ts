// PURE: what GET /status of the pgpool container shows, from what the agent last saw.
import type { Backend } from "../../../config/list-syntax.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";
import type { PgpoolStatus, Phase } from "../../../core/protocol/status.ts";
import { POSTDOCK_VERSION } from "../../../core/words/version.ts";
import type { PoolNode } from "../decide/pool.ts";
import { type Logins, type Sessions, whyNoLogin } from "../decide/sessions.ts";
import type { BackendTruth, PoolTruth } from "../decide/truth.ts";

export interface PoolFacts {
  phase: Phase;
  doing: string;
  because: string;
  uptimeMs: number;
  observedAgoMs: number;
  /** those that have to be the same everywhere */
  variables: Record<string, string>;
  backends: readonly Backend[];
  truth: PoolTruth;
  pool: readonly PoolNode[] | null;
  sessions: Sessions | null;
  logins: Logins;
  publishedPasswords: string[];
  secrets: Trouble[];
  tlsFaults: Trouble[];
  oldSettings: string[];
  mayOpen: number;
}

/** The document of GET /status. */
export function renderPoolStatus(facts: PoolFacts): PgpoolStatus {
  const { phase, doing, because, backends, truth, pool } = facts;
  return {
    schema: 1,
    component: "pgpool",
    postdock: POSTDOCK_VERSION,
    phase,
    doing,
    because,
    uptimeSeconds: Math.round(facts.uptimeMs / 1000),
    observedAgoMs: Math.round(facts.observedAgoMs),
    variables: facts.variables,
    publishedPasswords: facts.publishedPasswords,
    secrets: facts.secrets,
    tlsFaults: facts.tlsFaults,
    oldSettings: facts.oldSettings,
    mayOpen: facts.mayOpen,
    primary: backends.find((b) => b.id === truth.primary)?.host ?? null,
    sessions: facts.sessions,
    noLogin: whyNoLogin(facts.logins, facts.sessions),
    backends: backends.map(({ id, host, port }) => {
      const node = pool?.find((n) => n.id === id);
      const status = node?.status ?? "unknown";
      return { id, host, port, status, role: node?.role ?? "unknown", truth: truthWord(truth.backends.get(id)) };
    }),
  };
}

function truthWord(truth: BackendTruth | undefined): PgpoolStatus["backends"][number]["truth"] {
  switch (truth?.is) {
    case "primary":
    case "standby":
    case "false-primary":
    case "foreign":
      return truth.is;
    case "down":
    case "unclear":
      return "not-in-service";
    case "unseen":
    case undefined:
      return "unreachable";
  }
}
