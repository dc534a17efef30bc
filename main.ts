// The executable's start: the only file that reads process.argv and process.env, installs signal handlers and exits.
import { readFileSync } from "node:fs";
import process from "node:process";
import { runCommandLine } from "./cli/commands.ts";
import type { Context } from "./core/runtime/context.ts";
import { isDriverFault, isOutOfFiles } from "./core/runtime/passing-fault.ts";
import { errorText, ExitCode } from "./core/words/errors.ts";
import { lineSplitter } from "./core/runtime/lines.ts";
import { systemClock } from "./core/runtime/time.ts";

// Agents are asked directly: Docker can hand a proxy to every container, and fetch would use it.
delete process.env.http_proxy;
delete process.env.HTTP_PROXY;

const context: Context = {
  environment: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
  clock: systemClock,
  print: (line) => void process.stdout.write(line + "\n"),
  terminal: () => process.stdout.isTTY ? sizeOf(process.stdout) : null,
  complain: (line) => void process.stderr.write(line + "\n"),
  onInput: (onLine, onEnd) => {
    const lines = lineSplitter(onLine);
    process.stdin.setEncoding("utf8");
    process.stdin.on("data", (chunk) => lines.push(String(chunk)));
    process.stdin.on("end", onEnd);
    process.stdin.on("close", onEnd);
  },
  onSignal: (handler) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.on(signal, () => handler(signal));
  },
};

// An error on output, for example because nothing reads it or the disk is full, ends no process, least of all the fence.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

process.on("uncaughtException", (error) => {
  if (isDriverFault(error)) {
    context.complain(`postdock: a database connection broke during a write: ${errorText(error)}`);
    return;
  }
  if (isOutOfFiles(error)) {
    context.complain(
      `postdock: no descriptor is left: ${errorText(error)}. Fix: raise the limit nofile of the container`,
    );
    return;
  }
  context.complain(`postdock: a bug: ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(ExitCode.bug);
});

/** A terminal that does not say how large it is, as that of `docker exec -t` without one outside, has the usual size. */
function sizeOf({ rows, columns }: { rows: number; columns: number }): { rows: number; columns: number } {
  return { rows: rows || 24, columns: columns || 80 };
}

/** How long output that nobody takes holds up the end, milliseconds: of a container, it must not outlive the time for a stop. */
const heldUpMs = process.argv.includes("entrypoint") ? 1_000 : 60_000;

/** What has been written to a pipe is still in this process until the other side has read it. */
async function untilTaken(stream: NodeJS.WriteStream): Promise<void> {
  // the callback of an empty write comes at once (Bun 1.4.5)
  const taken = new Promise<void>((resolve) => void stream.end(() => resolve()));
  const over = new AbortController();
  await Promise.race([taken, systemClock.sleep(heldUpMs, over.signal)]);
  over.abort();
}

const code = await runCommandLine(context, process.argv0, process.argv.slice(2));
await Promise.all([process.stdout, process.stderr].map(untilTaken));
process.exit(code);
