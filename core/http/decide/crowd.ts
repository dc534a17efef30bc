// PURE: which connection makes room for a new one, so that nobody can hold all of them.

/** Most connections of one address, and of all addresses that have not shown the cluster's key. */
export const mostOfOne = 32;
export const mostStrangers = 96;

/** An open connection. */
export interface Guest {
  /** where it comes from; empty: this container */
  address: string;
  /** it has shown the cluster's key */
  proven: boolean;
}

/**
 * The connection that ends, so that one of `address` fits; null: there is room. `open`: oldest first. `knows`: addresses that have
 * shown the cluster's key; strangers cannot take their places. Of one address, what has shown the key goes last.
 */
export function whoLeaves<G extends Guest>(
  open: readonly G[],
  address: string,
  knows: (address: string) => boolean,
): G | null {
  const ofOne = open.filter((g) => g.address === address);
  if (ofOne.length >= mostOfOne) return ofOne.find((g) => !g.proven) ?? ofOne[0]!;
  if (knows(address)) return null;
  const strangers = open.filter((g) => !knows(g.address));
  return strangers.length >= mostStrangers ? strangers[0]! : null;
}
