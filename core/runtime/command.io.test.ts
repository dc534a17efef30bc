// Running real programs: exit codes, signals, timeouts that hold whatever the program does, and a bare environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, run, tryRun } from "./command.ts";
import { lineSplitter, longestLine, mostFurther } from "./lines.ts";
import { readIfThere } from "./files.ts";
import { systemClock, waitUntil } from "./time.ts";

const sh = (script: string) => ["sh", "-c", script];

test("a program's output and exit code come back", async () => {
  const result = await tryRun(sh("echo out; echo err >&2; exit 3"), { timeoutMs: 10_000 });
  assert.deepEqual([result.code, result.killedBy, result.timedOut], [3, null, false]);
  assert.deepEqual([result.stdout, result.stderr], ["out\n", "err\n"]);
});

test("run() throws with the exit code and the last output of a program that failed", async () => {
  await assert.rejects(run(sh("echo 'no such node' >&2; exit 6"), { timeoutMs: 10_000 }), (error: Error) => {
    return error instanceof CommandError && /^sh -c .* exited with 6: no such node$/s.test(error.message);
  });
});

test("a program that does not exist is an error that names it", async () => {
  await assert.rejects(tryRun(["/no/such/program"], { timeoutMs: 10_000 }), /Could not start \/no\/such\/program/);
});

test("a timeout ends the program and what it started", async () => {
  const started = performance.now();
  const result = await tryRun(sh("sleep 30 & echo $!; sleep 30; wait"), { timeoutMs: 300 });
  assert.equal(result.timedOut, true);
  assert.equal(result.code, null);
  const cmdline = `/proc/${result.stdout.trim()}/cmdline`; // a zombie's file is empty
  const gone = async () => (await readIfThere(cmdline) ?? "") === "";
  await waitUntil(gone, { what: "the end of the sleep", deadlineMs: 5_000 }, { clock: systemClock });
  assert.ok(performance.now() - started < 5_000);
});

test("a timeout holds even if a grandchild in its own session keeps the output open", async () => {
  const started = performance.now();
  const result = await tryRun(sh("echo begun; setsid sleep 7 & sleep 7"), { timeoutMs: 300 });
  assert.equal(result.timedOut, true);
  assert.equal(result.stdout, "begun\n");
  assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`);
});

test("a program whose daemon keeps the output open keeps its exit code", async () => {
  const result = await tryRun(sh("setsid sleep 7 & exit 0"), { timeoutMs: 500 });
  assert.equal(result.code, 0);
  assert.equal(result.timedOut, false);
});

test("an abort ends the program", async () => {
  const stop = new AbortController();
  const running = tryRun(sh("echo begun; sleep 30"), {
    timeoutMs: 20_000,
    signal: stop.signal,
    onLine: () => stop.abort(),
  });
  const result = await running;
  assert.equal(result.killedBy, "SIGKILL");
  assert.equal(result.timedOut, false);
  const aborted = await tryRun(sh("sleep 30"), { timeoutMs: 20_000, signal: AbortSignal.abort() });
  assert.equal(aborted.killedBy, "SIGKILL");
});

const mayDropKill = process.getuid?.() === 0 && await tryRun(["setpriv", "true"], { timeoutMs: 5_000 }).then(
  ({ code }) => code === 0,
  () => false,
);

test("root without CAP_KILL ends a program of another account too", { skip: !mayDropKill }, async () => {
  const script = `const { postgresAccount, tryRun } = await import(${
    JSON.stringify(import.meta.resolve("./command.ts"))
  });
    const { killedBy } = await tryRun(["sh", "-c", "sleep 8 | sleep 8"], { as: postgresAccount, timeoutMs: 300 });
    console.log(killedBy);`;
  const runtime = [process.execPath, "Deno" in globalThis ? "eval" : "-e", script];
  const started = performance.now();
  const { stdout } = await run(["setpriv", "--bounding-set=-kill", "--inh-caps=-kill", ...runtime], {
    timeoutMs: 30_000,
  });
  assert.equal(stdout, "SIGKILL\n");
  assert.ok(performance.now() - started < 7_000);
});

test("a child gets only PATH, HOME and RES_OPTIONS of this process's variables", async () => {
  process.env.POSTDOCK_TEST_SECRET = "hush";
  const { stdout } = await run(["env"], { timeoutMs: 10_000, env: { ADDED: "1" } });
  delete process.env.POSTDOCK_TEST_SECRET;
  const names = stdout.trim().split("\n").map((l) => l.split("=")[0]).sort();
  assert.deepEqual(names, ["ADDED", "HOME", "LANG", "PATH", "RES_OPTIONS", "TZ"]);
});

test("input reaches the program, and a program that does not read it is not an error", async () => {
  assert.equal((await run(["cat"], { timeoutMs: 10_000, input: "é\n" })).stdout, "é\n");
  assert.equal((await tryRun(["true"], { timeoutMs: 10_000, input: "x".repeat(1_000_000) })).code, 0);
});

test("lines arrive whole, even the last one without a line break, and long output keeps its end", async () => {
  const lines: string[] = [];
  const result = await run(sh("printf 'a\\nb\\rc'; seq 1 2000 >&2"), {
    timeoutMs: 10_000,
    keepBytes: 100,
    onLine: (line, stream) => stream === "stdout" && lines.push(line),
  });
  assert.deepEqual(lines, ["a", "b", "c"]);
  assert.equal(result.stderr.length, 100);
  assert.ok(result.stderr.endsWith("1999\n2000\n"));
});

test("lineSplitter() gives the same lines however the text was cut", () => {
  const text = "one\ntwo\r\nthree\rfour\n\nfive";
  for (let at = 0; at <= text.length; at++) {
    if (text.slice(at - 1, at + 1) === "\r\n") continue; // a cut inside a line end gives an empty line, which is dropped
    const lines: string[] = [];
    const splitter = lineSplitter((line) => lines.push(line));
    splitter.push(text.slice(0, at));
    splitter.push(text.slice(at));
    splitter.end();
    assert.deepEqual(lines, ["one", "two", "three", "four", "five"]);
  }
});

test("of a message of many lines come the first, and how many were left out; where clients write, a \\r begins no line", () => {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line), { progress: false });
  splitter.push("ERROR:  a\n" + "\t1\n".repeat(1_000) + "LOG:  b\rLOG:  forged\n" + "\t2\n".repeat(mostFurther + 1));
  splitter.end();
  assert.equal(lines.length, 2 + 2 * (mostFurther + 1));
  assert.deepEqual(lines.slice(mostFurther + 1, mostFurther + 3), [
    `\t... (cut: ${1_000 - mostFurther} more lines)`,
    "LOG:  b\rLOG:  forged",
  ]);
  assert.equal(lines.at(-1), "\t... (cut: 1 more lines)");
});

test("a line of any length is cut, and says how long it was; the next one is whole", () => {
  for (const size of [longestLine, longestLine + 1, 3 * longestLine]) {
    for (const piece of [1_000, longestLine, 1_000_000]) {
      const lines: string[] = [];
      const splitter = lineSplitter((line) => lines.push(line));
      const text = "é".repeat(size) + "\nnext\n";
      for (let at = 0; at < text.length; at += piece) splitter.push(text.slice(at, at + piece));
      const mark = size > longestLine ? ` ... (cut: the line has ${size} characters)` : "";
      assert.deepEqual(lines, ["é".repeat(longestLine) + mark, "next"]);
    }
  }
});
