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

test("what is counted or measured by kind is there for each kind from the start, and only for these", async () => {
  const metrics = new Metrics();
  const ends = metrics.counterOfEach("e_total", "E.", { label: "cause", kinds: ["a", "b"] });
  const steps = metrics.durationOfEach("f_seconds", "F.", { label: "step", kinds: ["x", "y"], upTo: [1] });
  ends.inc("b");
  steps.observe("y", 3);
  const seen = values(await metrics.text());
  assert.deepEqual(seen.filter((line) => line.startsWith("e_")), ['e_total{cause="a"} 0', 'e_total{cause="b"} 1']);
  assert.deepEqual(seen.filter((line) => /_sum|_count/.test(line)).toSorted(), [
    'f_seconds_count{step="x"} 0',
    'f_seconds_count{step="y"} 1',
    'f_seconds_sum{step="x"} 0',
    'f_seconds_sum{step="y"} 3',
  ]);
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
