// PURE: the reason given if two nodes were promoted to timelines with the same number.

/** Two promotions that did not know of each other used the same number; pg_rewind takes the timelines for one. */
export function twoTimelines(timeline: number, primary: string): string {
  return `this node and ${primary} each have their own timeline ${timeline}: two nodes were promoted to it`;
}
