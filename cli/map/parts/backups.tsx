/** @jsxImportSource hono/jsx */
// PURE: the backups on a line of time, with what can be restored and how the last drill went.
import { secondsText, sizeText } from "../../../core/words/amounts.ts";
import type { BarmanStatus } from "../../../core/protocol/status.ts";
import { type Mark, type TimeLine, timeLine } from "../time-line.ts";
import { barmans, type MapView, nameOf } from "../view.ts";
import { momentText, spanText } from "../words.ts";
import { Fact, Moment, Panel } from "./shared.tsx";

export const BackupsPart = ({ view: { cluster, wallMs } }: { view: MapView }) => (
  <Panel id="backups" title="What can be restored" wide>
    {barmans(cluster).length === 0
      ? <p class="soft">No barman is known here. Open this page in its container, or name it in QUORUM_OBSERVERS.</p>
      : barmans(cluster).map(({ host, status }) => <Backups host={host} status={status} nowMs={wallMs} />)}
  </Panel>
);

const Backups = ({ host, status, nowMs }: { host: string; status: BarmanStatus; nowMs: number }) => {
  const line = timeLine(status, nowMs);
  const { receiving, primary, because, backupRunsMs, nextBackupMs, cloud, catalog } = status;
  const newest = (catalog ?? []).filter((b) => b.endMs !== null).at(-1);
  return (
    <>
      {line === null ? "" : <Line line={line} nowMs={nowMs} />}
      <dl>
        <Fact name="Window">
          {windowText(line, status, nowMs)}
        </Fact>
        <Fact name="WAL">
          {receiving ? `${nameOf(host, "barman")} receives it from ${primary}` : `not received: ${because}`}
        </Fact>
        {newest === undefined || newest.endMs === null ? "" : (
          <Fact name="Last backup">
            {newest.id}, <Moment wallMs={newest.endMs} nowMs={nowMs} />
            {newest.bytes === null ? "" : `, ${sizeText(newest.bytes)}`}
          </Fact>
        )}
        {backupRunsMs === null ? "" : <Fact name="Under way">{progressText(status, backupRunsMs)}</Fact>}
        {nextBackupMs === null ? "" : (
          <Fact name="Next backup">
            <Moment wallMs={nextBackupMs} nowMs={nowMs} />
          </Fact>
        )}
        <Fact name="Drill">
          <Drill status={status} nowMs={nowMs} />
        </Fact>
        {cloud === null ? "" : <Fact name="Object store">{cloudText(cloud)}</Fact>}
      </dl>
      {line === null ? "" : (
        <p class="fix">
          To restore a moment, type in the barman container:{" "}
          <code>postdock barman restore --to '{momentText(example(line, nowMs)).replace(" UTC", "+00")}'</code>. It
          shows its plan first.
        </p>
      )}
    </>
  );
};

function windowText(line: TimeLine | null, { catalog, gaps = 0 }: BarmanStatus, nowMs: number): string {
  if (catalog === null) return "not known: the catalog of backups has not been read yet";
  if (line === null) return "no moment can be restored yet: there is no finished backup";
  const since = `since ${momentText(line.fromMs)}`;
  if (!line.untilNow) return `${since}; how far is not known, since no WAL is received now`;
  return gaps === 0
    ? `any moment ${since}, for ${spanText(nowMs - line.fromMs)}, up to now`
    : `${since}, but not every moment: WAL is missing; postdock barman list shows which`;
}

/** A moment that can be restored, mostly a minute ago. */
const example = ({ fromMs }: TimeLine, nowMs: number) => Math.max(fromMs + 1_000, nowMs - 60_000);

const Drill = ({ status: { verified }, nowMs }: { status: BarmanStatus; nowMs: number }) => {
  if (verified === null) return <>no backup has been restored and checked yet</>;
  const end = verified.error === null
    ? `sound${verified.reached === null ? "" : `, its last commit is of ${verified.reached}`}`
    : `failed: ${verified.error}`;
  return (
    <>
      {verified.backup} was restored and checked, <Moment wallMs={verified.atMs} nowMs={nowMs} />, in{" "}
      {secondsText(verified.tookMs)}: {end}
    </>
  );
};

function progressText({ backupProgress: p }: BarmanStatus, runsMs: number): string {
  const of = p === null
    ? ""
    : `, ${sizeText(p.streamedBytes)}${p.totalBytes === null ? "" : ` of ${sizeText(p.totalBytes)}`}`;
  const left = p?.leftSeconds == null ? "" : `, about ${spanText(p.leftSeconds * 1000)} left`;
  return `a base backup for ${spanText(runsMs)}${of}${left}`;
}

function cloudText({ url, failing, waitingWalFiles, waitingBackups }: NonNullable<BarmanStatus["cloud"]>): string {
  if (failing) return `${url}: ${failing.what}`;
  const waiting = (waitingWalFiles ?? 0) + (waitingBackups ?? 0);
  return waiting === 0
    ? `${url} has everything`
    : `${url} lacks ${waitingWalFiles ?? "?"} WAL files and ${waitingBackups ?? "?"} backups`;
}

const Line = ({ line: { window, marks, fromMs }, nowMs }: { line: TimeLine; nowMs: number }) => {
  const at = (kind: Mark["kind"]) => marks.find((m) => m.kind === kind)?.at ?? null;
  const next = at("next");
  const now = at("now") ?? 100;
  return (
    <>
      <svg class="time" aria-hidden="true" focusable="false">
        <rect class="all" x="0" y="18" width="100%" height="8" rx="4" />
        <rect class="part" x={`${window.from}%`} y="18" width={`${window.to - window.from}%`} height="8" rx="4" />
        {marks.map(({ kind, at }) =>
          kind === "now"
            ? <rect class="now" x={`${at}%`} y="8" width="2" height="28" />
            : <circle class={kind} cx={`${at}%`} cy="22" r={kind === "drill" ? 11 : 7} />
        )}
        <text x="0" y="56">{spanText(nowMs - fromMs)} ago</text>
        <text x={`${now}%`} y="56" text-anchor={next === null ? "end" : "middle"}>now</text>
        {next === null || next - now < 15 ? "" : <text x="100%" y="56" text-anchor="end">next</text>}
      </svg>
      <p class="soft legend">
        Each circle is a backup{at("drill") === null ? "" : "; the one with a ring was restored and checked"}
        {next === null ? "" : "; the dashed one is due"}.
      </p>
    </>
  );
};
