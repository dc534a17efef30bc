// Tests of metrics and probes: a value that could not be seen is left out, and never counts as healthy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { because, decideLive, decideReady } from "../decide/health.ts";
import { Metrics } from "../../../core/http/metrics.ts";
import { seriesOf } from "../../../tests/support/metrics.ts";
import { barmanEvents, barmanGauges } from "./metrics.ts";
import type { BarmanState } from "../decide/view.ts";
import { initialState } from "../state.ts";

function samples(state: BarmanState): { name: string; value: number }[] {
  return barmanGauges.flatMap(({ name, read }) =>
    read({ state, nowMs: 1_000, wallMs: 50_000, tls: { faults: 1, endsMs: 5_000 } }).flatMap(({ value }) =>
      value === null ? [] : [{ name, value: Number(value) }]
    )
  );
}
const names = (state: BarmanState) => samples(state).map((s) => s.name);
const value = (state: BarmanState, name: string) => samples(state).find((s) => s.name === name)?.value;

function healthy(): BarmanState {
  const state = initialState(0, ["a"]);
  state.phase = "running";
  state.primary = "a";
  state.sight = "seen";
  state.receiver = { streaming: true, host: "a", trouble: null, fix: null };
  state.check = { atMs: 0, failures: [], error: null };
  const done = { id: "1", status: "DONE", retention: "VALID", sizeBytes: 10, endSeconds: 20 };
  const newest = { id: "1", beginSeconds: 15, endSeconds: 20, sizeBytes: 10, copySeconds: 4, timeline: 1 };
  state.catalog = { atMs: 0, backups: [done], unused: [done], newest };
  state.disk = { freeBytes: 5, usedBytes: 6, atMs: 0 };
  state.lag = { atMs: 500, bytes: 7, seconds: 2.5 };
  state.moments = { atMs: -9_000, firstMs: 20_000, lastMs: 45_500, gaps: 1 };
  return state;
}

test("a role that has seen everything shows every metric that dashboards use, with its type", async () => {
  const metrics = new Metrics();
  const events = barmanEvents(metrics);
  const state = healthy();
  state.primarySeenMs = 0;
  state.backup.nextWallMs = 5_000;
  state.backup.failed = { atMs: 4_000, because: "" };
  state.backup.progress = { streamedBytes: 1, totalBytes: 2, bytesPerSecond: 1, leftSeconds: 1 };
  metrics.gauges(barmanGauges, () => ({ state, nowMs: 1_000, wallMs: 50_000, tls: { faults: 1, endsMs: 5_000 } }));
  events.walGap.inc();
  const text = await metrics.text();
  assert.deepEqual(seriesOf(text), [
    "counter postdock_barman_wal_gaps_total{}",
    "gauge barman_backup_disk_free_bytes{}",
    "gauge barman_backup_disk_used_bytes{}",
    "gauge barman_backups_amount{}",
    "gauge barman_check_is_ok{}",
    "gauge barman_disk_free_bytes{}",
    "gauge barman_disk_used_bytes{}",
    "gauge barman_last_backup_duration_copy_seconds{}",
    "gauge barman_last_backup_duration_total_seconds{}",
    "gauge barman_last_backup_end_time_seconds{}",
    "gauge barman_last_backup_size_bytes{}",
    "gauge barman_last_backup_start_time_seconds{}",
    "gauge barman_oldest_backup_end_time_seconds{}",
    "gauge postdock_barman_backup_age_seconds{}",
    "gauge postdock_barman_backup_running{}",
    "gauge postdock_barman_backup_streamed_bytes{}",
    "gauge postdock_barman_backup_total_bytes{}",
    "gauge postdock_barman_backups_failed{}",
    "gauge postdock_barman_first_recoverable_time_seconds{}",
    "gauge postdock_barman_last_failed_backup_time_seconds{}",
    "gauge postdock_barman_last_recoverable_time_seconds{}",
    "gauge postdock_barman_next_backup_time_seconds{}",
    "gauge postdock_barman_primary_seen_seconds_ago{}",
    "gauge postdock_barman_receiver_lag_bytes{}",
    "gauge postdock_barman_receiver_lag_seconds{}",
    "gauge postdock_barman_receiving{}",
    "gauge postdock_barman_timelines_with_missing_wal{}",
    "gauge postdock_build_info{version}",
    "gauge postdock_metrics_age_seconds{source}",
    "gauge postdock_tls_certificate_end_time_seconds{}",
    "gauge postdock_tls_faults{}",
  ]);
  assert.match(text, /^postdock_barman_wal_gaps_total 1$/m);
});

test("all names of 1.x are present, and both names of the disk metrics", () => {
  const expected = [
    "barman_check_is_ok",
    "barman_backups_amount",
    "barman_last_backup_start_time_seconds",
    "barman_last_backup_end_time_seconds",
    "barman_last_backup_size_bytes",
    "barman_last_backup_duration_total_seconds",
    "barman_last_backup_duration_copy_seconds",
    "barman_oldest_backup_end_time_seconds",
    "barman_disk_free_bytes",
    "barman_disk_used_bytes",
    "barman_backup_disk_free_bytes",
    "barman_backup_disk_used_bytes",
  ];
  const present = names(healthy());
  assert.deepEqual(expected.filter((name) => !present.includes(name)), []);
  assert.equal(value(healthy(), "barman_last_backup_duration_total_seconds"), 5);
});

test("before anything was seen only known values are present, and the check is not ok", () => {
  const state = initialState(0, ["a"]);
  assert.equal(value(state, "barman_check_is_ok"), 0);
  assert.equal(names(state).some((n) => /last_backup|oldest|amount|disk/.test(n)), false);
});

test("what was measured is shown with its age, and what could not be seen since is left out while its age grows", async () => {
  const metrics = new Metrics();
  const state = healthy();
  metrics.gauges(barmanGauges, () => ({ state, nowMs: 1_000, wallMs: 50_000, tls: { faults: 1, endsMs: 5_000 } }));
  const lines = async () => (await metrics.text()).split("\n");
  const seen = await lines();
  const shown = [
    "postdock_barman_backup_age_seconds 30",
    "postdock_barman_receiver_lag_bytes 7",
    "postdock_barman_receiver_lag_seconds 2.5",
    "postdock_barman_first_recoverable_time_seconds 20",
    "postdock_barman_last_recoverable_time_seconds 45.5",
    "postdock_barman_timelines_with_missing_wal 1",
    'postdock_metrics_age_seconds{source="receiver"} 0.5',
    'postdock_metrics_age_seconds{source="moments"} 10',
  ];
  assert.deepEqual(shown.filter((line) => !seen.includes(line)), []);
  state.lag = { ...state.lag!, bytes: null, seconds: null };
  const unseen = await lines();
  assert.equal(unseen.some((line) => line.startsWith("postdock_barman_receiver_lag_")), false);
  assert.ok(unseen.includes('postdock_metrics_age_seconds{source="receiver"} 0.5'));
});

test("before the first look nothing that is measured is present, but an age: a look that always fails grows old too", () => {
  const measured = /receiver_lag|recoverable|missing_wal|backup_age|failed_backup/;
  const state = initialState(-500_000, ["a"], "s3://bucket");
  assert.deepEqual(names(state).filter((n) => measured.test(n)), []);
  const ages = samples(state).filter((s) => s.name === "postdock_metrics_age_seconds").map((s) => s.value);
  assert.deepEqual(ages, [501, 501, 501, 501, 501, 501]);
});

test("the last failed backup is known from the catalog too, which outlives a restart", () => {
  const state = healthy();
  const failed = (id: string) => ({ id, status: "FAILED", retention: null, sizeBytes: null, endSeconds: null });
  state.catalog!.backups.push(failed("20261128T101500"), failed("19700101T000030"));
  const name = "postdock_barman_last_failed_backup_time_seconds";
  assert.equal(value(state, name), Date.UTC(2026, 10, 28, 10, 15) / 1000);
  state.catalog!.backups.pop();
  state.backup.failed = { atMs: Date.UTC(2026, 10, 28, 10, 16), because: "" };
  assert.equal(value(state, name), Date.UTC(2026, 10, 28, 10, 16) / 1000);
});

test("a check that could not run is not ok", () => {
  const state = healthy();
  state.check = { atMs: 0, failures: null, error: "timed out" };
  assert.equal(value(state, "barman_check_is_ok"), 0);
  assert.equal(decideReady(state, 1_000).ok, false);
});

test("ready needs a running receiver and a passing, recent check", () => {
  assert.equal(decideReady(healthy(), 1_000).ok, true);
  const red = healthy();
  red.check = { atMs: 0, failures: [{ check: "replication slot", hint: "not active" }], error: null };
  assert.match(decideReady(red, 1_000).because, /replication slot \(not active\)/);
  const still = healthy();
  still.receiver = { ...still.receiver, streaming: false };
  assert.equal(decideReady(still, 1_000).ok, false);
  const old = healthy();
  old.lastBeatMs = 400_000;
  assert.equal(decideReady(old, 400_000).ok, false);
});

test("WAL from the old primary does not count as received from the node that is followed", () => {
  const state = healthy();
  state.primary = "b";
  assert.equal(decideReady(state, 1_000).ok, false);
  assert.equal(value(state, "postdock_barman_receiving"), 0);
});

test("a missing primary is not a reason to restart the container; a role that hangs is", () => {
  const state = initialState(0, ["a"]);
  assert.equal(decideLive(state, 1_000).ok, true);
  assert.equal(decideReady(state, 1_000).ok, false);
  assert.equal(decideLive(state, 100_000).ok, false);
});

test("the reason names the fix if there is one", () => {
  const state = healthy();
  state.receiver = { streaming: false, host: "a", trouble: "No WAL is received", fix: "do this" };
  assert.equal(because(state), "No WAL is received. Fix: do this");
  state.sight = "away";
  state.following = "no node answers";
  assert.equal(because(state), "no node answers");
});
