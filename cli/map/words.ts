// PURE: times and counts as the page says them.

/** How long something lasts, by its two largest units: "12 s", "3 min", "2 h 5 min", "3 d 4 h". */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000)) || 0;
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const both = (big: number, unit: string, small: number, part: string) =>
    small === 0 ? `${big} ${unit}` : `${big} ${unit} ${small} ${part}`;
  return hours < 48 ? both(hours, "h", minutes % 60, "min") : both(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** Whether this is a moment that can be written: what a container reports may be none. */
export const isMoment = (wallMs: number): boolean => !Number.isNaN(new Date(wallMs).getTime());

/** A moment of the wall clock: "2026-11-28 12:03:04 UTC". */
export function momentText(wallMs: number): string {
  if (!isMoment(wallMs)) return "an unknown time";
  return `${new Date(wallMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "a", "a and b", "a, b and c". */
export function listText(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** "one standby", "2 standbys". */
export function countText(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `one ${one}` : `${count} ${many}`;
}

/** A sentence begins with a capital, unless it begins with the name of a host. */
export function sentence(text: string, names: readonly string[]): string {
  return names.some((name) => text.startsWith(name)) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A text with its commands apart: what stands in backquotes, and what follows "type:". */
export function commandsIn(text: string): { text: string; command: boolean }[] {
  const parts = text.split(/(`[^`]+`|(?<=\b(?:type(?: in that container| on it)?|for example): )[^;`]+)/);
  return parts.map((part, i) => ({ text: part.replaceAll("`", ""), command: i % 2 === 1 })).filter((p) =>
    p.text !== ""
  );
}
