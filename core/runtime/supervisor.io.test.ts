// Real small children: restarted, stopped in order, killed with what they started, and reported.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readIfThere } from "./files.ts";
import { createLog } from "./log.ts";
import { type ChildSpec, supervise } from "./supervisor.ts";
import { systemClock, waitUntil } from "./time.ts";

const clock = systemClock;
const fast = { restart: "always", firstPauseMs: 10, maxPauseMs: 20, steadyMs: 60_000 } as const;
const never = { ...fast, restart: "never" } as const;

function child(script: string, changes: Partial<ChildSpec> = {}) {
  const events: { event: string; [field: string]: unknown }[] = [];
  const log = createLog({ level: "DEBUG", write: (line) => events.push(JSON.parse(line)), wallMs: () => 0 });
  const spec: ChildSpec = {
    name: "child",
    argv: ["sh", "-c", script],
    stop: [{ signal: "SIGTERM", waitMs: 5_000 }],
    restart: fast,
    ...changes,
  };
  const supervised = supervise(spec, { clock, log });
  const logged = (event: string) => events.filter((e) => e.event === event);
  const until = (ready: () => boolean, what: string) =>
    waitUntil(() => Promise.resolve(ready()), { what, deadlineMs: 10_000, everyMs: 10 }, { clock });
  return { supervised, logged, until };
}

/** Whether the process runs; one that has ended and was not waited for has no command line. */
const lives = async (pid: unknown) => (await readIfThere(`/proc/${pid}/cmdline`) ?? "") !== "";

test("a child that ends is started again, and its lines are logged", async () => {
  const { supervised, logged, until } = child("echo hello; exit 3");
  await until(() => logged("Process started").length >= 3, "three starts");
  await supervised.stop();
  assert.equal(logged("Output")[0]!.line, "hello");
  assert.equal(logged("Process ended, restarting")[0]!.code, 3);
  assert.equal(logged("Process ended, restarting")[0]!.cause, "error");
  const starts = logged("Process started").length;
  await clock.sleep(100);
  assert.equal(logged("Process started").length, starts);
  assert.equal(supervised.running(), false);
});

test("a child that is held back starts once nothing holds it, and the log says why once", async () => {
  let because: string | null = "the name a does not resolve";
  const { supervised, logged, until } = child("sleep 60", { hold: () => Promise.resolve(because) });
  await clock.sleep(80);
  assert.deepEqual([supervised.running(), supervised.held()], [false, because]);
  assert.equal(logged("Process is held back").length, 1);
  assert.equal(logged("Process started").length, 0);
  because = null;
  await until(() => supervised.running(), "its start");
  assert.equal(supervised.held(), null);
  await supervised.stop();
});

test("a child that is held back can be stopped, though the question hangs", async () => {
  const { supervised, logged } = child("sleep 60", { hold: () => new Promise(() => {}) });
  await supervised.stop();
  assert.equal(logged("Process started").length, 0);
});

test("a child that must not be restarted is reported with how it ended", async () => {
  const { supervised, logged } = child("exit 5", { restart: never });
  const exit = await supervised.exited();
  assert.deepEqual([exit.code, exit.signal], [5, null]);
  await supervised.stop();
  assert.equal(logged("Process started").length, 1);
  assert.deepEqual(supervised.lastExit()?.code, 5);
});

test("a stop sends its signal, waits for the end and keeps the exit code", async () => {
  const { supervised, until, logged } = child("trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done");
  await until(() => logged("Output").length > 0, "the trap");
  await supervised.stop();
  assert.equal(supervised.lastExit()?.code, 7);
});

test("a child that ignores its signals is killed, together with what it started", async () => {
  const { supervised, until, logged } = child("trap '' TERM INT; sleep 61 & echo $!; while :; do sleep 0.05; done", {
    stop: [{ signal: "SIGTERM", waitMs: 100 }, { signal: "SIGINT", waitMs: 100 }],
  });
  await until(() => logged("Output").length > 0, "the trap");
  const started = clock.nowMs();
  await supervised.stop();
  assert.ok(clock.nowMs() - started < 3_000);
  assert.equal(supervised.lastExit()?.signal, "SIGKILL");
  const grandchild = logged("Output")[0]!.line;
  await waitUntil(async () => !(await lives(grandchild)), { what: "its end", deadlineMs: 5_000 }, { clock });
});

test("a stop during the pause before a restart starts nothing more", async () => {
  const { supervised, logged, until } = child("exit 1", {
    restart: { ...fast, firstPauseMs: 60_000, maxPauseMs: 60_000 },
  });
  await until(() => logged("Process ended, restarting").length === 1, "the first end");
  await supervised.stop();
  assert.equal(logged("Process started").length, 1);
});

test("a program that does not exist is reported and tried again, and ends nothing else", async () => {
  const { supervised, logged, until } = child("", { argv: ["/no/such/program"] });
  await until(() => logged("Process could not be started").length >= 2, "two tries");
  await supervised.stop();
  assert.equal(supervised.pid(), null);
});

test("killGroup() ends the child and what it started", async () => {
  const { supervised, logged, until } = child("sleep 62 & echo $!; wait", { restart: never });
  await until(() => logged("Output").length > 0, "the start");
  const grandchild = logged("Output")[0]!.line;
  assert.equal(await lives(grandchild), true);
  supervised.killGroup();
  assert.equal((await supervised.exited()).signal, "SIGKILL");
  await waitUntil(async () => !(await lives(grandchild)), { what: "the end", deadlineMs: 5_000 }, { clock });
  await supervised.stop();
});
