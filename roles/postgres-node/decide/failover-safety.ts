// PURE: whether a primary that holds the lease would also keep it, or could be replaced, after the loss of one more voter.

export interface SafetyView {
  held: boolean;
  /** the voters that are configured */
  voters: number;
  /** why voters did not grant the last renewal, one text each */
  refusals: readonly string[];
}

/** Why the loss of one more voter would leave no majority; null if it would leave one, or this node does not lead. */
export function safetyLost({ held, voters, refusals }: SafetyView): string | null {
  const majority = Math.floor(voters / 2) + 1;
  if (!held || refusals.length === 0 || voters - refusals.length - 1 >= majority) return null;
  return `${refusals.length} of ${voters} voters did not grant the lease: ${refusals.join("; ")}`;
}
