// `barman list`: the backups, and which moments can be restored.
import type { Command } from "../../core/runtime/context.ts";
import { errorText, ExitCode } from "../../core/words/errors.ts";
import { sizeText } from "../../core/words/amounts.ts";
import { microsOf, timeText } from "../../core/words/micros.ts";
import { table } from "../../core/words/layout.ts";
import { printer } from "../../core/runtime/printer.ts";
import { doubtOf } from "./decide/doubt.ts";
import { readFailures } from "./act/failures.ts";
import { readVerified } from "./act/verify.ts";
import { readRecoverable, type Recoverable } from "./act/archive.ts";
import { verifiedText } from "./text/verified.ts";
import { presentTimeline } from "./decide/restore-plan.ts";
import { type TimedWindow, timeWindows } from "./act/window-times.ts";
import { listBackups } from "./tools/barman-cli.ts";
import type { BackupRecord } from "./text/backup-info.ts";
import type { Backup } from "./text/barman-output.ts";
import { loadBarmanConfig } from "./role.ts";
import type { BarmanConfig } from "../../config/barman.ts";
import { listStore } from "./tools/cloud-cli.ts";
import { renderStore, storeJson } from "./text/store-text.ts";

/** `barman list [--json]`: the backups, oldest first. */
export const listCommand: Command = async (context, { options }) => {
  const config = loadBarmanConfig(context);
  const out = printer(context, options);
  const [listed, { sources, timed, receivedMs }] = await Promise.all([
    listBackups(config.serverName),
    readWindows(config),
  ]);
  const { unreadable } = sources;
  const failures = await readFailures(config);
  const backups = listed.map((b) => {
    const record = sources.backups.find((r) => r.id === b.id);
    const kind = record === undefined ? null : record.parent === null ? "full" : "incremental";
    const { from = null, parent = null, compression = null } = record ?? {};
    return { ...b, from, kind, parent, compression, doubt: doubtOf(b.id, failures, sources.backups) };
  });
  const done = backups.findLast((b) => b.status === "DONE")?.id ?? null;
  for (const line of [...renderBackups(backups), ...renderWindows(timed, receivedMs, done), ...unreadable]) {
    out.say(line);
  }
  const present = presentTimeline(sources.received, sources.archive);
  const newest = timed.find((w) => w.timeline === present)?.toTime ?? null;
  if (newest !== null) out.say(`the newest moment that can be restored is the commit at ${newest}`);
  const verified = await readVerified(config);
  out.say(verified === null ? "no backup has been verified yet: postdock barman verify" : verifiedText(verified));
  const store = config.cloudUrl === "" ? null : await readStore(config);
  for (const line of store?.lines ?? []) out.say(line);
  const received = receivedMs === null ? null : instant(receivedMs);
  out.result({
    server: config.serverName,
    backups,
    windows: timed,
    received,
    unreadable,
    newest,
    verified,
    store: store?.json ?? null,
  });
  return ExitCode.ok;
};

/** What can be restored. If WAL is removed meanwhile it is looked at once more, and what is gone then has no times. */
async function readWindows(config: BarmanConfig, again = true): Promise<Recoverable & { timed: TimedWindow[] }> {
  const found = await readRecoverable(config);
  const { timed, gone } = await timeWindows(found.windows, found.sources, config);
  return gone && again ? await readWindows(config, false) : { ...found, timed };
}

/** How long the object store has to answer, milliseconds. */
const storeMs = 60_000;

/** What the object store holds; if it cannot be read, why. */
async function readStore(config: BarmanConfig): Promise<{ lines: string[]; json: unknown }> {
  try {
    const store = await listStore(config, undefined, storeMs);
    return { lines: renderStore(store, config.cloudUrl), json: { url: config.cloudUrl, ...storeJson(store) } };
  } catch (error) {
    const text = errorText(error);
    return {
      lines: ["", `the object store at ${config.cloudUrl}: ${text}`],
      json: { url: config.cloudUrl, error: text },
    };
  }
}

/** A table of backups, its columns aligned; pure. */
export function renderBackups(
  backups: readonly (Backup & Pick<BackupRecord, "from" | "parent" | "compression"> & {
    kind: string | null;
    doubt: string | null;
  })[],
): string[] {
  if (backups.length === 0) return ["no backups yet"];
  const rows = backups.map((b) => [
    b.id,
    b.doubt === null ? b.status : `${b.status}, doubtful`,
    b.endSeconds === null ? "-" : instant(b.endSeconds * 1000),
    sizeOr(b.sizeBytes),
    b.from ?? "-",
    b.parent === null ? [b.kind ?? "-", b.compression].filter(Boolean).join(" ") : `on ${b.parent}`,
    b.retention ?? "-",
  ]);
  return table([["backup", "status", "ended", "size", "from", "kind", "retention"], ...rows]);
}

const instant = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** Which moments can be restored, one line a timeline; pure. `done`: the newest backup that is copied. */
export function renderWindows(
  windows: readonly TimedWindow[],
  receivedMs: number | null,
  done: string | null,
): string[] {
  if (windows.length === 0) {
    return ["", `nothing can be restored yet${done === null ? "" : `: backup ${done} waits for its last WAL file`}`];
  }
  const rows = windows.map((w) => [
    String(w.timeline),
    w.backup,
    w.fromLsn,
    secondOf(w.fromTime, true),
    w.lastWal,
    secondOf(w.toTime, false),
    w.missing === null ? "-" : `${w.missing.from} to ${w.missing.to}`,
  ]);
  const received = receivedMs === null ? [] : [`WAL was received last at ${instant(receivedMs)}`];
  return [
    "",
    ...table([
      ["timeline", "from backup", "from LSN", "from time", "to WAL file", "to time", "missing after that"],
      ...rows,
    ]),
    ...received,
  ];
}

/** To the second, and never outside of what can be restored: the first moment is rounded up, the last one down. */
function secondOf(time: string | null, up: boolean): string {
  if (time === null) return "-";
  const micros = microsOf(`${time.slice(0, 19).replace(" ", "T")}Z`, "") ?? 0n;
  const whole = up && !time.endsWith(".000000+00") ? micros + 1_000_000n : micros;
  return timeText(whole).replace(".000000", "");
}

const sizeOr = (bytes: number | null) => bytes === null ? "-" : sizeText(bytes);
