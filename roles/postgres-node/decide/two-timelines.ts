// PURE: what is said where two nodes were promoted to one number.

/** Two promotions without each other gave two timelines one number; pg_rewind takes them for the same one. */
export function twoTimelines(timeline: number, primary: string): string {
  return `This node and ${primary} have each a timeline ${timeline} of their own: two nodes were promoted to it`;
}
