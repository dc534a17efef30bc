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
