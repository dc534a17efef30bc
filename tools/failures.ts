// PURE: what of a long run's output says why it failed: the errors of Deno's report, and the last lines of containers.

/** The errors in the report of `deno test`, without its list of failed tests; all of the last lines if there is no report. */
export function errorsOf(output: string): string {
  const report = /^ ERRORS $([\s\S]*?)(?:^ FAILURES $|$(?![\s\S]))/m.exec(output)?.[1];
  return (report ?? output.trimEnd().split("\n").slice(-20).join("\n")).trim();
}

/** The last lines of a container's log, without the output of its agent's children. */
export function lastLines(log: string, lines: number): string {
  return log.trimEnd().split("\n").filter((line) => !line.includes('"event":"Output"')).slice(-lines).join("\n");
}

/** What a test says that waited too long: waitUntil() and assertLedger(). */
const late = /Gave up waiting for |: longer than [\d.]+ s without a write/;

/**
 * Whether all errors of a report say only that something came too late. That may be the machine's doing, as beside another
 * scenario. A wrong value, a lost write or a second primary never is.
 */
export function onlyLate(report: string): boolean {
  const errors = report.split("\n").filter((line) => line.startsWith("error: "));
  return errors.length > 0 && errors.every((line) => late.test(line));
}
