// Log lines: one JSON object each whatever is logged, levels, and secrets that never leave.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "../words/errors.ts";
import type { LogLevel } from "../words/log-level.ts";
import { createLog, type LogFields } from "./log.ts";

/** The log without the types of the register: what is under test here holds for any event. */
interface AnyLog extends Record<"debug" | "info" | "warn" | "error", (event: string, fields?: LogFields) => void> {
  with(fields: LogFields): AnyLog;
}

function logged(level: LogLevel = "DEBUG", secrets: string[] = [], format: "json" | "text" = "json") {
  const lines: string[] = [];
  const log = createLog({
    level,
    format,
    secrets,
    write: (line) => lines.push(line),
    wallMs: () => 0,
  }) as unknown as AnyLog;
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) };
}

test("a line has time, level, event and fields", () => {
  const { log, last, lines } = logged();
  log.info("Started", { pid: 1, ok: true, nothing: null });
  assert.deepEqual(last(), {
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    event: "Started",
    pid: 1,
    ok: true,
    nothing: null,
  });
  assert.ok(lines[0]!.endsWith("}\n"));
});

test("lines below the level are dropped", () => {
  const { log, lines } = logged("WARNING");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.equal(lines.length, 2);
});

test("with() adds its fields to every line, and no field takes the place of time, level or event", () => {
  const { log, last } = logged();
  log.with({ node: "a" }).with({ part: "b" }).info("Event", { event: "x", level: "y", time: "z" });
  assert.deepEqual(last(), { time: "1970-01-01T00:00:00.000Z", level: "info", event: "Event", node: "a", part: "b" });
});

test("an error is logged with its cause, an OperatorError with its fix, also inside other values", () => {
  const { log, last } = logged();
  log.error("Failed", { error: new Error("x", { cause: new Error("y") }), list: [new Error("z")] });
  assert.deepEqual(last().error, { name: "Error", message: "x", cause: "y" });
  assert.equal(last().list[0].message, "z");
  log.info("a", { error: Object.assign(new Error("z"), { name: "Qe", code: "28P01" }) });
  assert.deepEqual(last().error, { code: "28P01", message: "z" });
  log.error("Failed", { error: new OperatorError({ what: "w", why: "y", fix: "f" }) });
  assert.deepEqual(last().error, { what: "w", why: "y", fix: "f" });
});

test("a value that JSON cannot hold does not break the log", () => {
  const { log, last } = logged();
  const circle: Record<string, unknown> = { name: "c" };
  circle.self = circle;
  log.info("Odd", {
    big: 10n,
    circle,
    call: () => 1,
    set: new Set([1]),
    map: new Map([["k", 2]]),
    when: new Date(NaN),
  });
  assert.equal(last().big, "10");
  assert.equal(last().circle.self, "(circular)");
  assert.deepEqual(last().set, [1]);
  assert.deepEqual(last().map, { k: 2 });
});

const secret = fc.string({ minLength: 4, maxLength: 20 }).filter((s) => !/^[\s*]*$/.test(s));

test("no secret of four characters or more is in a line, whatever held it, and the line stays JSON", () => {
  const frame =
    JSON.stringify({ time: "1970-01-01T00:00:00.000Z", level: "info", event: "Tried", list: [{ a: 1 }], error: 1 }) +
    JSON.stringify({ name: "Error", message: "***", text: "***", cause: "***" });
  fc.assert(fc.property(secret.filter((s) => !frame.includes(s)), fc.string(), (s, around) => {
    const { log, lines, last } = logged("DEBUG", [s]);
    const text = `${around}${s}${around}`;
    log.info("Tried", { text, list: [{ a: text }], error: new Error(text, { cause: text }) });
    const values = [last().text, last().list[0].a, last().error.message, last().error.cause];
    assert.equal(lines[0]!.split("\n").length, 2);
    assert.ok(values.every((v) => !v.includes(s)), lines[0]);
  }));
});

test("a secret of digits leaves numbers JSON", () => {
  const { log, last } = logged("DEBUG", ["2024"]);
  log.info("Counted", { bytes: 120245, port: 5432 });
  assert.equal(last().bytes, "***");
  assert.equal(last().port, 5432);
});

test("LOG_FORMAT=text is one readable line: time, level, event, then key=value, objects by their parts", () => {
  const { log, lines } = logged("DEBUG", ["hushhush"], "text");
  log.with({ node: "pg1" }).warn("Process ended, restarting", { process: "repmgrd", code: null, afterMs: 250 });
  assert.equal(
    lines[0],
    "1970-01-01T00:00:00.000Z WARNING Process ended, restarting node=pg1 process=repmgrd code=null afterMs=250\n",
  );
  log.error("Failed", { error: new OperatorError({ what: "w", why: "it is hushhush", fix: "f" }), hosts: ["a", "b"] });
  assert.equal(
    lines[1],
    '1970-01-01T00:00:00.000Z ERROR   Failed error.what=w error.why="it is ***" error.fix=f hosts=["a","b"]\n',
  );
  log.info("Output", { process: "postgres", line: 'LOG:  a "b"\tc=d', time: "x", empty: "" });
  assert.equal(
    lines[2],
    '1970-01-01T00:00:00.000Z INFO    Output process=postgres line="LOG:  a \\"b\\"\\tc=d" empty=""\n',
  );
});

test("as text, whatever is logged is one line without control characters, and without secrets", () => {
  const part = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\n", "\r\n", "\u001b[2J", "\u2028", "\u0085", "=", '"'),
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }).map((p) => p.join("")), fc.string(), (text, key) => {
    const { log, lines } = logged("DEBUG", ["hushhush"], "text");
    log.info("Tried", { text: `${text}hushhush`, [key]: [text], error: { [key]: text } });
    // deno-lint-ignore no-control-regex -- they are what must not be there
    assert.doesNotMatch(lines[0]!.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    assert.ok(!lines[0]!.includes("hushhush"));
  }));
});
