// The server of a copy that was restored beside the cluster: started until it has recovered, asked, and ended.
import { commandErrorText, type CommandOptions, postgresAccount, run, tryRun } from "../../../core/runtime/command.ts";
import { readIfThere } from "../../../core/runtime/files.ts";
import { type Clock, waitUntil } from "../../../core/runtime/time.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { endedEarly, type Stop } from "../decide/restore-plan.ts";
import type { Places } from "../text/places.ts";

export const copyMs = 24 * 3_600_000;
/** For what copies a file or two, milliseconds. */
export const shortMs = 600_000;
export const sayEveryMs = 5_000;
const startMs = 60_000;
const owner = postgresAccount;
/** What a restore beside the cluster needs. */
export interface Into {
  places: Places;
  clock: Clock;
  say: (line: string) => void;
  /** what is begun ends with it */
  signal?: AbortSignal;
  /** leaves processor and disk to others */
  gentle?: boolean;
}

/** How a program of the restore is run: with the rights, the priority, the deadline and the end of all of them. */
export function prepared(
  argv: readonly string[],
  { signal, gentle }: Pick<Into, "signal" | "gentle">,
  timeoutMs: number,
): [string[], CommandOptions] {
  const lowest = gentle ? ["nice", "-n", "19", "ionice", "-c", "3"] : [];
  return [[...lowest, ...argv], { as: owner, timeoutMs, ...(signal ? { signal } : {}) }];
}

/**
 * Starts the copy and waits until it has recovered. Throws OperatorError with the end of its log if it has not, or if it has ended
 * before a commit that the plan has found. `stop`: where recovery stops.
 */
export async function startCopy(directory: string, stop: Stop, into: Into): Promise<void> {
  const { clock, say, signal } = into;
  const log = `${directory}/restored.log`;
  const pgCtl = ["pg_ctl", "-D", directory];
  const start = [...pgCtl, "-l", log, "-w", "-t", String(startMs / 1000), "start"];
  const starting = tryRun(...prepared(start, into, startMs + 30_000));
  const started = await saysMeanwhile(starting, () => consistencyText(log), into);
  let last = started.code === 0 ? "" : commandErrorText(started);
  let saidMs = clock.nowMs();
  const quick = { as: owner, timeoutMs: 10_000 };
  let replayed = "";
  const recovered = async () => {
    if ((await tryRun([...pgCtl, "status"], quick)).code !== 0) throw await recoveryFailed(log, last);
    const query = "select pg_is_in_recovery(), pg_last_wal_replay_lsn()";
    const asked = await tryRun(psql(directory, "postgres", query), quick);
    replayed = asked.stdout.trim().split("|")[1] ?? "";
    last = asked.code === 0 ? `replayed up to ${replayed}` : commandErrorText(asked);
    if (clock.nowMs() - saidMs >= sayEveryMs) {
      saidMs = clock.nowMs();
      say(`  ${last}`);
    }
    return asked.code === 0 && asked.stdout.startsWith("f|");
  };
  const what = { what: "the copy to recover", deadlineMs: copyMs, everyMs: 200, why: () => last, fix: `see ${log}` };
  await waitUntil(recovered, what, { clock, ...(signal ? { signal } : {}) });
  const short = endedEarly(stop, replayed);
  if (short === null) return;
  throw new OperatorError({
    what: "The recovery of the copy has ended early",
    why: short,
    fix: `see ${log} for the WAL file that could not be read; give a moment before that, or a later backup`,
    exitCode: ExitCode.no,
  });
}

/** Says something every few seconds while work goes on. */
async function saysMeanwhile<T>(work: Promise<T>, text: () => Promise<string>, { clock, say }: Into): Promise<T> {
  const over = new AbortController();
  const ended = work.finally(() => over.abort());
  ended.catch(() => {}); // the caller gets it
  while (true) {
    await clock.sleep(sayEveryMs, over.signal);
    if (over.signal.aborted) return await ended;
    say(`  ${await text()}`);
  }
}

/** How far the recovery is before the server answers. */
async function consistencyText(log: string): Promise<string> {
  const files = [...(await readIfThere(log) ?? "").matchAll(/restored log file "(\w+)"/g)];
  const last = files.at(-1)?.[1];
  return last === undefined ? "the copy starts" : `the copy recovers: it has read WAL up to ${last}`;
}

/** Ends a copy that runs. Throws CommandError if it does not end. */
export async function endCopy(directory: string): Promise<void> {
  const pgCtl = ["pg_ctl", "-D", directory];
  if ((await tryRun([...pgCtl, "status"], { as: owner, timeoutMs: 10_000 })).code !== 0) return;
  await run([...pgCtl, "-m", "fast", "-w", "-t", "60", "stop"], { as: owner, timeoutMs: 90_000 });
}

/** A question to a copy that runs. */
export const psql = (directory: string, database: string, sql: string): string[] => [
  ...["psql", "-h", directory, "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-AtXc", sql],
];

async function recoveryFailed(log: string, last: string): Promise<OperatorError> {
  const said = (await readIfThere(log) ?? "").split("\n").filter((line) => /FATAL|ERROR|PANIC|^postdock:/.test(line))
    .slice(-3);
  const [, missing] = /FATAL: .*directory "([^"]+)" does not exist/.exec(said.join("\n")) ?? [];
  return new OperatorError({
    what: "The restored copy has ended during recovery",
    why: said.join(" | ") || last,
    fix: missing !== undefined
      ? `a tablespace at ${missing} was created after this backup, and a copy has no place for it: restore an earlier ` +
        "moment, or a later backup, or make that directory here, owned by postgres"
      : `see ${log}; another backup or an earlier moment may be restorable: postdock barman list`,
    exitCode: ExitCode.no,
  });
}
