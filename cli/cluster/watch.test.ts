// A watched cluster is shown again at every look; a change is what a person would call one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import { clusterOf } from "../../tests/support/seen-cluster.ts";
import type { Cluster } from "./gather.ts";
import { watch } from "./watch.ts";
import { changeKey, renderScreen } from "./watch-text.ts";

const lag = (lagBytes: number | null) => {
  const { status } = clusterOf().nodes[1]!;
  return clusterOf({ nodes: { pg2: { postgres: { ...status.postgres, lagBytes, lagSeconds: lagBytes } } } });
};

test("a role, a silent node and a large lag are changes; the lease's time and a small lag are none", () => {
  const calm = changeKey(clusterOf());
  assert.equal(changeKey(lag(1_000)), calm);
  const { lease } = clusterOf().nodes[0]!.status;
  assert.equal(changeKey(clusterOf({ nodes: { pg1: { lease: { ...lease, remainingMs: 77 } } } })), calm);
  assert.notEqual(changeKey(lag(20 * 1024 ** 2)), calm);
  assert.notEqual(changeKey(lag(null)), calm);
  assert.notEqual(changeKey(clusterOf({ nodes: { pg3: null } })), calm);
  assert.notEqual(changeKey({ ...clusterOf(), primary: null }), calm);
});

function watching(look: () => Promise<Cluster>, timeoutMs: number) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const shown: boolean[] = [];
  const ended = watch({ look, timeoutMs, clock, stop: stop.signal }, (_, changed) => shown.push(changed));
  return { clock, stop, shown, ended };
}

test("it looks every second, says what changed, and ends when the time is over", async () => {
  let now = clusterOf();
  const { clock, shown, ended } = watching(() => Promise.resolve(now), 3_500);
  await clock.pass(1_500);
  now = clusterOf({ nodes: { pg3: null } });
  await clock.pass(2_000);
  await ended;
  assert.deepEqual(shown, [true, false, true, false, false]);
});

test("a signal ends it at once, also during a look that does not end", async () => {
  const { stop, shown, ended } = watching(() => new Promise(() => {}), 60_000);
  stop.abort();
  await ended;
  assert.deepEqual(shown, []);
});

test("a screen is never larger than the terminal", () => {
  const screen = renderScreen(["aaaaaaaaaaaa", "b", "c", "d"], { rows: 4, columns: 10 });
  assert.equal(screen, "\x1b[Haaaaaaaaa\x1b[K\nb\x1b[K\n…\x1b[K\x1b[J");
  assert.equal(renderScreen(["a\nb"], { rows: 4, columns: 10 }), "\x1b[Ha\x1b[K\nb\x1b[K\x1b[J", "lines are counted");
  assert.equal(renderScreen(["\x1b[2Ja\t"], { rows: 4, columns: 10 }), "\x1b[H\ufffd[2Ja \x1b[K\x1b[J");
  assert.equal(renderScreen(["a", "b"], { rows: 4, columns: 10 }), "\x1b[Ha\x1b[K\nb\x1b[K\x1b[J");
});
