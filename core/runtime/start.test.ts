// How a role starts and ends: all problems in one error, a signal stops the work, and the exit code says why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { env, integer } from "../../config/env.ts";
import { ofEveryRole, replicationPassword } from "../../config/shared.ts";
import type { Context } from "./context.ts";
import { ExitCode, OperatorError } from "../words/errors.ts";
import { createLog } from "./log.ts";
import { ConfigError, loadConfig, roleLog, runTogether, runUntilSignal, secretsOf } from "./start.ts";
import { systemClock, untilAborted } from "./time.ts";

function context(environment: Record<string, string> = {}) {
  let signal: Parameters<Context["onSignal"]>[0] = () => {};
  const made: Context = {
    environment,
    readFile: () => "",
    clock: systemClock,
    print: () => {},
    terminal: () => null,
    complain: () => {},
    onInput: () => {},
    onSignal: (handler) => void (signal = handler),
  };
  return { context: made, send: () => signal("SIGTERM") };
}

const quiet = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const variables = {
  size: env("SIZE", integer(1, 9), { fallback: 1, accepts: "1 to 9", doc: "." }),
  host: env("HOST", (t) => t, { fallback: "", accepts: "a host", doc: ".", required: true, requiredExitCode: 4 }),
  token: env("TOKEN", (t) => t, { fallback: "", accepts: "text", doc: ".", secret: true }),
};

test("loadConfig() gives values, or one error with every problem and the exit code of the variable", () => {
  assert.equal(loadConfig(variables, context({ HOST: "a", SIZE: "4" }).context).size, 4);
  assert.throws(() => loadConfig(variables, context({ SIZE: "x" }).context), (error: Error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.problems.length, 2);
    assert.match(error.message, /2 problems.*SIZE.*HOST/s);
    assert.equal(error.exitCode, 4);
    return true;
  });
});

test("a configuration error of other variables has exit code 78", () => {
  const error = new ConfigError([{ variable: "A", message: "A is wrong", fix: "mend it" }]);
  assert.equal(error.exitCode, ExitCode.config);
  assert.match(error.message, /1 problem: A is wrong \(mend it\)/);
});

test("secretsOf() gives the values of secret variables only", () => {
  const config = loadConfig(variables, context({ HOST: "a", TOKEN: "hush" }).context);
  assert.deepEqual(secretsOf(variables, config), ["hush"]);
});

test("secretsOf() gives each value of a list, and of users their passwords", () => {
  const lists = {
    keys: env("KEYS", (t) => t.split(","), { fallback: [], accepts: "keys", doc: ".", secret: true }),
    users: env("USERS", (t) => [{ name: "ann", password: t }], { fallback: [], accepts: "a", doc: ".", secret: true }),
  };
  const config = loadConfig(lists, context({ KEYS: "new,old", USERS: "hush" }).context);
  assert.deepEqual(secretsOf(lists, config), ["new", "old", "hush"]);
});

test("roleLog() begins with a warning that names the variables with published passwords, and shows none of them", () => {
  const lines: string[] = [];
  const { context: c } = context();
  const own = { ...ofEveryRole, one: replicationPassword, two: { ...replicationPassword, name: "OTHER" } };
  const config = loadConfig(own, { ...c, environment: { OTHER: "another" } });
  roleLog({ ...c, print: (line) => lines.push(line) }, { ...config, networkName: "pg1" }, own);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /"warning".*everybody knows.*\["REPLICATION_PASSWORD"\]/);
  assert.doesNotMatch(lines[0]!, /replication_pass"|another/);
});

test("a signal aborts the work, and work that then ends has succeeded", async () => {
  const { context: c, send } = context();
  const work = (stop: AbortSignal) =>
    new Promise<void>((resolve) => {
      stop.addEventListener("abort", () => resolve());
      send();
    });
  assert.equal(await runUntilSignal(c, quiet, work), ExitCode.ok);
});

test("an OperatorError gives its own exit code, a bug is thrown on", async () => {
  const { context: c } = context();
  const refuse = () => Promise.reject(new OperatorError({ what: "w", fix: "f", exitCode: ExitCode.refused }));
  assert.equal(await runUntilSignal(c, quiet, refuse), ExitCode.refused);
  await assert.rejects(runUntilSignal(c, quiet, () => Promise.reject(new TypeError("bug"))), TypeError);
});

test("a stop before the loops began ends them, and does not wait for a loop that hangs", async () => {
  const stop = new AbortController();
  stop.abort();
  const slept: number[] = [];
  const clock = { ...systemClock, sleep: (ms: number) => (slept.push(ms), Promise.resolve()) };
  let ended = 0;
  const loops = [() => untilAborted(stop.signal).then(() => void ended++), () => new Promise<void>(() => {})];
  await runTogether(loops, stop, { clock, graceMs: 7 });
  assert.deepEqual([ended, slept], [1, [7]]);
});

test("a loop that fails ends the others", async () => {
  const stop = new AbortController();
  const loops = [() => untilAborted(stop.signal), () => Promise.reject(new TypeError("bug"))];
  await assert.rejects(runTogether(loops, stop, { clock: systemClock, graceMs: 1 }), TypeError);
  assert.equal(stop.signal.aborted, true);
});

test("a container that stops gives its last events half a second to be sent, and no more", async () => {
  const { context: c } = context();
  const slept: number[] = [];
  const at = { ...c, clock: { ...systemClock, sleep: (ms: number) => (slept.push(ms), Promise.resolve()) } };
  const listener = { hear: () => {}, idle: () => new Promise<void>(() => {}) };
  const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0, listener });
  assert.equal(await runUntilSignal(at, log, () => Promise.resolve()), ExitCode.ok);
  assert.deepEqual(slept, [500]);
});
