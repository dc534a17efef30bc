// PURE: one thing that is wrong with a cluster, and what to type.
export interface Finding {
  /** error: a promise is broken now; warning: all promises are kept, but one more failure could break one */
  level: "error" | "warning";
  /** the host concerned, or "cluster" */
  about: string;
  what: string;
  fix: string;
}

export const error = (about: string, what: string, fix: string): Finding => ({ level: "error", about, what, fix });
export const warning = (about: string, what: string, fix: string): Finding => ({ level: "warning", about, what, fix });
