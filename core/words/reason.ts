// PURE: which of the lines that a program printed say why it failed.

const telling = /\b(?:ERROR|FATAL|PANIC|DETAIL|HINT): |\b(?:error|fatal|detail|hint): |No space left on device/;
/** psql and initdb mark a place, or tidy up, in the last lines. */
const idle = /^\s*(?:\^|LINE \d+:.*|initdb: removing .*)?\s*$/;

/** The lines with a reason, otherwise the last ones, with " | " between them; empty if nothing was printed. */
export function reasonIn(printed: string, most = 3): string {
  const lines = printed.split("\n").map((line) => line.trim()).filter((line) => !idle.test(line));
  const reasons = lines.filter((line) => telling.test(line));
  return (reasons.length > 0 ? reasons : lines).slice(-most).join(" | ");
}
