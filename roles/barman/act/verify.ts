// Proves that a backup can be restored: into a scratch directory, with all WAL after it, started, checked, and thrown away.
import { postgresAccount, run, tryRun } from "../../../core/runtime/command.ts";
import { readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import { isPostdock } from "../../../core/runtime/proc.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { secondsText } from "../../../core/words/amounts.ts";
import { timeText } from "../decide/target.ts";
import { type Verified, VerifiedSchema } from "../../../core/protocol/verified.ts";
import type { RestorePlan } from "../decide/restore-plan.ts";
import { type Places, verifiedPath, verifyDirectory, verifyLockPath } from "../text/places.ts";
import { planRestore } from "./plan-restore.ts";
import { endCopy, type Into, program, psql, startCopy } from "./copy-server.ts";
import { checkInto, copyInto } from "./restore-into.ts";
import { whileKept } from "./uses.ts";
import { WalReader } from "./wal-reader.ts";

/** How long each of the checks may take, milliseconds. */
const checkMs = 12 * 3_600_000;

export interface VerifyDeps extends Into {
  /** run in `database` of the restored copy, and has to succeed; empty: nothing is */
  sql: string;
  database: string;
}

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
      { target: { kind: "latest" }, backup: id, timeline: null },
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
    const last = error === null ? await new WalReader(places, plan.backup.segmentBytes).lastCommit(plan.wal) : null;
    const reached = last === null ? null : timeText(last.atMicros);
    const verified: Verified = { backup: plan.backup.id, atMs, tookMs, reached, error };
    await writeAtomic(verifiedPath(places), JSON.stringify(verified) + "\n", { mode: 0o644, owner: postgresAccount });
    return verified;
  } finally {
    await remove(verifyLockPath(places));
  }
}

/** Throws what is wrong with the backup. */
async function prove(directory: string, plan: RestorePlan, deps: VerifyDeps): Promise<void> {
  const { clock, database, say, signal, sql } = deps;
  const timed = async (what: string, work: () => Promise<unknown>) => {
    const since = clock.nowMs();
    await work();
    say(`  ${what}: ${secondsText(clock.nowMs() - since)}`);
  };
  const as = { as: postgresAccount, timeoutMs: checkMs, ...(signal ? { signal } : {}) };
  await timed("copied", () => copyInto(directory, plan, deps));
  await timed("recovered", () => startCopy(directory, deps));
  const amcheck = [program("pg_amcheck"), "-h", directory, "-U", "postgres", "--all", "--install-missing"];
  await timed("tables and indexes checked", () => run(["nice", "-n", "19", ...amcheck], as));
  if (sql !== "") await timed("VERIFY_SQL run", () => run(psql(directory, database, sql), as));
  await endCopy(directory);
  const checksums = ["nice", "-n", "19", program("pg_checksums"), "--check", "-D", directory];
  await timed("page checksums checked", async () => {
    const result = await tryRun(checksums, as);
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
