// PURE: what is said where two nodes were promoted to one number.

/** Two promotions without each other gave two timelines one number; pg_rewind takes them for the same one. */
export function twoTimelines(timeline: number, primary: string): string {
  return `this node and ${primary} each have their own timeline ${timeline}: two nodes were promoted to it`;
}
