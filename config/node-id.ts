// PURE: the number of a node from its name, as in 1.x.

/** NODE_ID from NODE_NAME: the last number after a dash, plus 1000; null if there is none. */
export function nodeIdFromName(nodeName: string): number | null {
  const digits = nodeName.split("-").slice(1).findLast((part) => /^\d{1,6}$/.test(part));
  return digits === undefined ? null : Number(digits) + 1000;
}
