// PURE: one thing that is wrong with a cluster, and what to type.
export interface Finding {
  /** error: something that is promised does not hold now; warning: it holds, and would not after one more failure */
  level: "error" | "warning";
  /** host that it is about, or "cluster" */
  about: string;
  what: string;
  fix: string;
}

export const error = (about: string, what: string, fix: string): Finding => ({ level: "error", about, what, fix });
export const warning = (about: string, what: string, fix: string): Finding => ({ level: "warning", about, what, fix });
