// Events: the code logs nothing outside the register, the register has nothing that is never logged, and its page is current.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventNames } from "../../core/words/events/all.ts";
import { renderEvents } from "../../core/words/events/reference.ts";
import { literalsOf } from "./prose.ts";
import { isTest, readSources, readText, type Source, toSource } from "./sources.ts";

const register = /^core\/words\/events\//;
const sources = (await readSources(["cli", "core", "roles"])).filter((s) => !isTest(s.path) && !register.test(s.path));

/** First arguments of calls to a log or the history. */
const logged = ({ code }: Source): string[] =>
  [...code.matchAll(/\b(?:log|history)\.(?:debug|info|warn|error|note)\(\s*("(?:[^"\\\n]|\\.)*"|[^\s,)]+)/g)]
    .map((m) => m[1]!);

/** What does not name its event, where the type of the register still binds it. */
const passedOn: readonly string[] = ["event", "removing", "order.on"];

const outside = (source: Source): string[] =>
  logged(source).filter((first) => {
    const name = /^"(.*)"$/.exec(first)?.[1];
    return name === undefined ? !passedOn.includes(first) : !(eventNames as readonly string[]).includes(name);
  }).map((first) => `${source.path}: ${first}`);

/** Ways around the types of the log. */
const untyped = ({ path, code }: Source): string[] =>
  /\blog\b[^;\n]*\bas (?:any|never|unknown)\b|as EventName\b/.test(code) ? [path] : [];

test("no event is logged outside the register", () => {
  assert.deepEqual(sources.flatMap(outside), []);
  assert.deepEqual(sources.flatMap(untyped), []);
});

test("every event of the register is logged somewhere", () => {
  const said = new Set(sources.flatMap((s) => literalsOf(s.code)));
  assert.deepEqual(eventNames.filter((name) => !said.has(name)), []);
});

test("docs/events.md is what the register says", async () => {
  assert.equal((await readText("docs/events.md")).replace(/^<!--.*-->\n\n/, ""), renderEvents());
});

test("these checks can fail", () => {
  const source = (code: string) => toSource("core/x.ts", code);
  assert.equal(outside(source('node.log.info("Danced", {});')).length, 1);
  assert.equal(outside(source("this.deps.log.warn(\n  text,")).length, 1);
  assert.equal(outside(source('history.note("Promoted", {});')).length, 0);
  assert.equal(untyped(source('(log as any).info("x")')).length, 1);
});
