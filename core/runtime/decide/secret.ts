// PURE: a secret that changes while an agent runs. The agent knows the value in use and another one: the next, which its file
// has already, or the former. The database decides which of them counts: what the server accepts is in use.

export interface Known {
  inUse: string;
  other: string | null;
  /** the other value is what the file has now, and waits for the server to take it */
  waits: boolean;
}

/** At the start of the agent. */
export const onlyKnown = (inUse: string): Known => ({ inUse, other: null, waits: false });

/** What is known once the file has this value. */
export function whenGiven(known: Known, value: string): Known {
  if (value !== known.inUse) return { inUse: known.inUse, other: value, waits: true };
  return known.waits ? onlyKnown(value) : known; // a change that was taken back is forgotten
}

/** This value is in use from now on: mostly the other one, or one that a file had a moment ago. */
export function whenUsed(known: Known, value: string): Known {
  const { inUse, other, waits } = known;
  if (value === inUse) return known;
  if (value === other) return { inUse: value, other: inUse, waits: !waits };
  return { inUse: value, other: waits ? other : inUse, waits: true };
}

/** Without the former value. What waits stays. */
export function whenDropped(known: Known): Known {
  return known.waits ? known : onlyKnown(known.inUse);
}

/**
 * What a login with a value came to. "barred": the server lets the role in with no password, so that nothing shows which one it has;
 * "unknown": it did not answer, or refused for another reason.
 */
export type Tried = "works" | "refused" | "barred" | "unknown";

/** How many logins are tried at the same time: each costs the server and the agent some milliseconds of a processor. */
export const loginsAtOnce = 4;

/**
 * Why the other value has to be in use from now on: the server accepts it, and refuses the one in use. null: the one in use stays.
 * `fileCounts`: if the server bars the role, whatever its password, what its file has now is taken;
 * `trusting`: the server asks for no password.
 */
export async function whySwap(
  { inUse, other, waits }: Known,
  { login, fileCounts, trusting }: {
    login: (value: string) => Promise<Tried>;
    fileCounts: boolean;
    trusting: boolean;
  },
): Promise<string | null> {
  if (other === null) return null;
  if (trusting) return waits ? "the server asks for no password" : null;
  const now = await login(inUse);
  if (now === "refused" && await login(other) === "works") {
    return "the primary accepts it, and refuses the one from before";
  }
  const barred = now === "barred" && fileCounts && waits && await login(other) === "barred";
  return barred ? "the primary lets the role in from here with no password, so that its file counts" : null;
}

/** Longest value of a file, characters. */
export const longestSecret = 64 * 1024;

/** Why a file's text, without its last line break, is taken by no secret; null: it may be. */
export function badText(text: string): string | null {
  if (text === "") return "is empty";
  return text.length > longestSecret ? `is longer than ${longestSecret} characters` : null;
}
