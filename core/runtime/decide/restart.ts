// When a child that has ended is started again: a pure policy with growing pauses, after pg_auto_failover's supervisor.

export interface RestartPolicy {
  /** "always": whatever the exit code; "never": the end of the child is only reported */
  restart: "always" | "never";
  /** pauses grow from this … */
  firstPauseMs: number;
  /** … by doubling, up to this; a child that lived for `steadyMs` starts over at the first pause */
  maxPauseMs: number;
  steadyMs: number;
}

export const defaultRestart: RestartPolicy = {
  restart: "always",
  firstPauseMs: 200,
  maxPauseMs: 5_000,
  steadyMs: 10_000,
};

export type RestartDecision = { do: "restart"; afterMs: number; failures: number } | { do: "leave" };

/** `failures`: how often in a row it ended before it was steady. */
export function decideRestart(policy: RestartPolicy, end: { livedMs: number; failures: number }): RestartDecision {
  if (policy.restart === "never") return { do: "leave" };
  const failures = end.livedMs >= policy.steadyMs ? 0 : end.failures;
  const afterMs = Math.min(policy.maxPauseMs, policy.firstPauseMs * 2 ** Math.min(failures, 16));
  return { do: "restart", afterMs, failures: failures + 1 };
}
