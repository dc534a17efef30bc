// Proves that a backup can be restored: into a scratch directory, with all WAL after it, started, checked, and thrown away.
import type { BarmanConfig } from "../../../config/barman.ts";
import { postgresAccount, run, tryRun } from "../../../core/runtime/command.ts";
import { readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { isPostdock } from "../../../core/runtime/proc.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { secondsText } from "../../../core/words/amounts.ts";
import { timeText } from "../../../core/words/micros.ts";
import { type Verified, VerifiedSchema } from "../../../core/protocol/verified.ts";
import type { RestorePlan } from "../decide/restore-plan.ts";
import { type Places, verifiedPath, verifyDirectory, verifyLockPath } from "../text/places.ts";
import { planRestore } from "./plan-restore.ts";
import { keepResult } from "./failures.ts";
import { endCopy, type Into, prepared, psql, startCopy } from "./copy-server.ts";
import { checkInto, copyInto } from "./restore-into.ts";
import { whileKept } from "./uses.ts";

/** How long each of the checks may take, milliseconds. */
const checkMs = 12 * 3_600_000;

export interface VerifyDeps extends Into {
  /** run in `database` of the restored copy, and has to succeed; empty: nothing is */
  sql: string;
  database: string;
}

/** What a verification needs that this container's variables describe. It leaves processor and disk to others. */
export const verifyDeps = (config: BarmanConfig, how: Pick<Into, "clock" | "say" | "signal">): VerifyDeps => ({
  ...how,
  places: config,
  gentle: true,
  sql: config.verifySql,
  database: config.postgresDb,
});

/** The last verification; null: there was none. */
export async function readVerified(places: Places): Promise<Verified | null> {
  const text = await readIfThere(verifiedPath(places));
  return text === null ? null : VerifiedSchema.parse(JSON.parse(text));
}

/**
 * Verifies a backup, the newest if `id` is null, and keeps the result. What is wrong with the backup is in the result. Throws
 * OperatorError if it could not be verified: another verification runs, there is no such backup, or no room.
 */
export async function verify(id: string | null, deps: VerifyDeps): Promise<Verified> {
  const { clock, places } = deps;
  await lock(places);
  try {
    const directory = verifyDirectory(places);
    await clear(directory);
    const planned = await planRestore(
      { target: { kind: "latest" }, backup: id, timeline: null, doubtfulToo: true },
      places,
      clock.wallMs(),
    );
    if ("refused" in planned) {
      const { because, fix } = planned.refused;
      throw new OperatorError({ what: "No backup can be verified", why: because, fix, exitCode: ExitCode.refused });
    }
    const { plan } = planned;
    await checkInto(directory, plan);
    const atMs = clock.wallMs();
    const since = clock.nowMs();
    const error = await whileKept(plan.backup.id, deps, () => prove(directory, plan, deps)).then(() => null, errorText);
    const tookMs = Math.round(clock.nowMs() - since);
    await clear(directory);
    if (deps.signal?.aborted) throw new OperatorError({ what: "The verification was ended", fix: "run it again" });
    const last = error === null && plan.stop.at === "end" ? plan.stop.last : null;
    const reached = last ? timeText(last.atMicros) : null;
    await keepResult({ backup: plan.backup.id, error }, places);
    const verified: Verified = { backup: plan.backup.id, atMs, tookMs, reached, error };
    await writeAtomic(verifiedPath(places), JSON.stringify(verified) + "\n", { mode: 0o644, owner: postgresAccount });
    return verified;
  } finally {
    await remove(verifyLockPath(places));
  }
}

/** Throws what is wrong with the backup. */
async function prove(directory: string, plan: RestorePlan, deps: VerifyDeps): Promise<void> {
  const { clock, database, say, sql } = deps;
  const timed = async (what: string, work: () => Promise<unknown>) => {
    const since = clock.nowMs();
    await work();
    say(`  ${what}: ${secondsText(clock.nowMs() - since)}`);
  };
  const checked = (argv: readonly string[]) => prepared(argv, deps, checkMs);
  await timed("copied", () => copyInto(directory, plan, deps));
  await timed("recovered", () => startCopy(directory, plan.stop, deps));
  const amcheck = ["pg_amcheck", "-h", directory, "-U", "postgres", "--all", "--install-missing"];
  await timed("tables and indexes checked", () => run(...checked(amcheck)));
  if (sql !== "") await timed("VERIFY_SQL run", () => run(...checked(psql(directory, database, sql))));
  await endCopy(directory);
  await timed("page checksums checked", async () => {
    const result = await tryRun(...checked(["pg_checksums", "--check", "-D", directory]));
    if (result.code === 0 || /data checksums are not enabled/.test(result.stderr)) return;
    throw new Error(
      `page checksums: ${(result.stderr.trim() || result.stdout.trim()).split("\n").slice(-3).join(" | ")}`,
    );
  });
}

/** Ends what an earlier verification has left running, and removes it. */
async function clear(directory: string): Promise<void> {
  await endCopy(directory);
  for (const path of [directory, `${directory}.postdock-copy`]) await remove(path);
}

/** One verification at a time. The lock of a process that has ended does not count. */
async function lock(places: Places): Promise<void> {
  const path = verifyLockPath(places);
  const holder = Number(await readIfThere(path));
  if (holder > 0 && holder !== process.pid && isPostdock(holder)) {
    throw new OperatorError({
      what: "Another verification is under way",
      why: `process ${holder} of this container runs it`,
      fix: "wait for it; `postdock barman list` shows its result",
      exitCode: ExitCode.refused,
    });
  }
  await writeAtomic(path, String(process.pid), { mode: 0o644, owner: postgresAccount });
}
