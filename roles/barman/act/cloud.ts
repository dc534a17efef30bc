// Base backups and WAL also go to the object store. Two loops: WAL does not wait for a base backup that is under way. What is to
// be stored follows from barman's directories and the store each time. Nothing here delays local backups or the receiver.
import { errorText, OperatorError } from "../../../core/words/errors.ts";
import { every, untilAborted } from "../../../core/runtime/time.ts";
import { cloudPauseMs, isCloseDue, type Store, walToStore } from "../decide/cloud.ts";
import { receives } from "../decide/health.ts";
import type { CloudState } from "../decide/view.ts";
import { listStore, putFiles } from "../tools/cloud-cli.ts";
import { lastReceivedMs, listArchived, readBackups } from "./archive.ts";
import { type Round, storeBackups } from "./cloud-backups.ts";
import { isOurs } from "./cloud-identity.ts";
import { closePresentSegment } from "./segments.ts";
import type { Barman } from "../state.ts";

const tickMs = 2_000;
/** The store is listed this often, also if nothing fails: somebody else may have changed it. */
const lookEveryMs = 3_600_000;
/** WAL files for one process. */
const atOnce = 32;

/** Stores what the store lacks, until the role stops. Does nothing without CLOUD_BACKUP_URL. */
export async function keepInStore(barman: Barman): Promise<void> {
  const cloud = barman.state.cloud;
  if (cloud === null) return await untilAborted(barman.stop);
  await Promise.all([
    loop("wal", () => storeWal(cloud, barman), cloud, barman),
    loop("backups", () => storeBackups(cloud, barman), cloud, barman),
  ]);
}

type Part = keyof CloudState["trouble"];

/** Rounds with growing pauses after failures. Each trouble is logged once, however often it occurs in a row. */
async function loop(
  part: Part,
  round: () => Promise<Round>,
  cloud: CloudState,
  barman: Barman,
): Promise<void> {
  const { clock, log, stop } = barman;
  let failures = 0;
  await every(tickMs, async () => {
    let result: Round;
    do {
      result = await round();
      if (result === "waits") return;
      if (failures > 0) log.info("The object store can be used again", { part, failures });
      failures = 0;
      cloud.trouble[part] = null;
    } while (result === "more" && !stop.aborted);
  }, {
    clock: { ...clock, sleep: (ms, signal) => clock.sleep(failures > 0 ? cloudPauseMs(failures) : ms, signal) },
    signal: stop,
    onError: (error) => {
      if (stop.aborted) return;
      failures++;
      cloud.changes++;
      const known = error instanceof OperatorError ? error : null;
      const trouble = { what: known?.what ?? errorText(error), fix: known?.fix ?? "see the log of this container" };
      if (trouble.what !== cloud.trouble[part]?.what) {
        log.error("The object store does not get what it lacks; it is tried again", {
          part,
          because: `${trouble.what}${known?.why ? `: ${known.why}` : ""}`,
          fix: trouble.fix,
          afterMs: cloudPauseMs(failures),
        });
      }
      cloud.trouble[part] = trouble;
    },
  });
}

/** Lists the store. */
async function look(cloud: CloudState, barman: Barman): Promise<Store> {
  const { clock, config, stop } = barman;
  const atMs = clock.nowMs();
  const { changes } = cloud; // what is changed meanwhile may be missing
  const store = await listStore(config, stop);
  cloud.store = store;
  cloud.seen = changes;
  cloud.readMs = atMs;
  cloud.lastUploadMs = Math.max(cloud.lastUploadMs ?? 0, store.newestMs ?? 0) || null;
  return store;
}

async function storeWal(cloud: CloudState, barman: Barman): Promise<Round> {
  const { clock, config, log, stop } = barman;
  const known = cloud.store;
  const waiting = known === null ? [] : await wantedWal(known, barman);
  if (known !== null) cloud.waitingWal = waiting.length; // also while it is away
  const old = cloud.seen !== cloud.changes || clock.nowMs() - cloud.readMs >= lookEveryMs;
  const store = known === null || old ? await look(cloud, barman) : known;
  if (!(await isOurs(store, barman))) return "done";
  const wanted = store === known ? waiting : await wantedWal(store, barman);
  cloud.waitingWal = wanted.length;
  const names = wanted.slice(0, atOnce);
  if (names.length === 0 && store.marked) {
    await closeIfDue(cloud, barman);
    return "done";
  }
  if (!store.marked) names.unshift("identity.json"); // whose WAL this is, before any of it
  const paths = new Map(names.map((name) => [pathOf(name), name]));
  const { done, trouble } = await putFiles(config, [...paths.keys()], stop);
  for (const path of done) {
    if (path === "identity.json") store.marked = true;
    else store.wals.set(paths.get(path)!, { key: path, bytes: 0 });
  }
  if (done.length > 0) cloud.lastUploadMs = clock.wallMs();
  cloud.waitingWal = wanted.filter((name) => !store.wals.has(name)).length;
  log.debug("WAL stored", { files: done.length, newest: names.at(-1), waiting: cloud.waitingWal });
  if (trouble !== null) throw trouble;
  return wanted.length > atOnce ? "more" : "done";
}

async function closeIfDue(cloud: CloudState, barman: Barman): Promise<void> {
  const { clock, config, state } = barman;
  if (!receives(state)) return;
  const seen = { receivedMs: await lastReceivedMs(config), uploadMs: cloud.lastUploadMs, closedMs: cloud.closedMs };
  if (!isCloseDue(seen, clock.wallMs())) return;
  cloud.closedMs = clock.wallMs();
  await closePresentSegment(
    barman,
    { lastCloseMs: -Infinity },
    "the object store lacks WAL that is older than 5 minutes",
  );
}

async function wantedWal(store: Store, { config }: Barman): Promise<string[]> {
  const { backups } = await readBackups(config);
  return walToStore(await listArchived(config), store, backups);
}

const pathOf = (name: string) =>
  name === "identity.json" ? name : name.endsWith(".history") ? `wals/${name}` : `wals/${name.slice(0, 16)}/${name}`;
