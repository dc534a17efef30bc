// Metrics as a scrape sees them: a value that could not be seen is left out, and events are counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "./metrics.ts";
import { gauge, gaugeOfEach } from "../words/metric.ts";

interface Seen {
  bytes: number | null;
  up: boolean;
  hosts: readonly string[];
}

function made(first: Seen) {
  const metrics = new Metrics({ node: "n1" });
  let seen = first;
  let looks = 0;
  metrics.gauges<Seen>([
    gauge("a_bytes", "A.", (s) => s.bytes),
    gauge("a_up", "Up.", (s) => s.up),
    gaugeOfEach("a_host", "Host.", ["host"], (s) => s.hosts.map((host) => ({ labels: { host }, value: 1 }))),
  ], () => (looks++, seen));
  return { metrics, see: (next: Seen) => seen = next, looks: () => looks };
}
const values = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("each scrape reads gauges from one look; a value that cannot be seen is left out, even if it was seen before", async () => {
  const { metrics, see, looks } = made({ bytes: 7, up: true, hosts: ["x"] });
  assert.deepEqual(values(await metrics.text()), [
    'a_bytes{node="n1"} 7',
    'a_up{node="n1"} 1',
    'a_host{host="x",node="n1"} 1',
  ]);
  see({ bytes: null, up: false, hosts: ['y"z'] });
  assert.deepEqual(values(await metrics.text()), ['a_up{node="n1"} 0', 'a_host{host="y\\"z",node="n1"} 1']);
  assert.equal(looks(), 2);
});

test("a counter begins at zero and counts; a gauge whose name ends in _total stays a gauge", async () => {
  const metrics = new Metrics();
  const counter = metrics.counter("b_total", "B.");
  metrics.gauges([gauge("c_total", "C.", () => 3)], () => null);
  assert.match(await metrics.text(), /^# TYPE b_total counter\nb_total 0$/m);
  counter.inc();
  counter.inc();
  const text = await metrics.text();
  assert.match(text, /^b_total 2$/m);
  assert.match(text, /^# TYPE c_total gauge$/m);
});

test("a duration has buckets, a sum and a count", async () => {
  const metrics = new Metrics();
  const took = metrics.duration("d_seconds", "D.", [1, 5]);
  took.observe(0.5);
  took.observe(2);
  assert.deepEqual(values(await metrics.text()), [
    'd_seconds_bucket{le="1"} 1',
    'd_seconds_bucket{le="5"} 2',
    'd_seconds_bucket{le="+Inf"} 2',
    "d_seconds_sum 2.5",
    "d_seconds_count 2",
  ]);
});
