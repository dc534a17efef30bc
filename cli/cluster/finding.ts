// PURE: one thing that is wrong with a cluster: what was seen, what follows from it, and what to type.
export interface Finding {
  /** error: a promise is broken now; warning: all promises are kept, but one more failure could break one */
  level: "error" | "warning";
  /** the host concerned, or "cluster" */
  about: string;
  /** what is wrong, with the cause if it is known */
  what: string;
  /** what shows that */
  evidence: string;
  /** what follows from it while nothing is done */
  consequence: string;
  fix: string;
}

/** What is wrong, alone if it holds the values that show it, or with what shows it. */
type Said = string | readonly [wrong: string, evidence: string];

const finding = (level: Finding["level"]) => (about: string, said: Said, fix: string, consequence: string): Finding => {
  const [what, evidence] = typeof said === "string" ? [said, said] : [said.join(": "), said[1]];
  return { level, about, what, evidence, consequence, fix };
};

/** A promise is broken. */
export const error = finding("error");
/** A promise may be broken by one more failure. */
export const warning = finding("warning");
