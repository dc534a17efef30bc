// The register of events: each name once, each field explained, a remedy for what should not have happened.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../runtime/log.ts";
import { eventEntry, eventNames, eventSubjects } from "./all.ts";
import { eventFields } from "./fields.ts";

const fieldsOf = (name: typeof eventNames[number]) => eventEntry(name).fields.split(" ").filter((f) => f !== "");

test("no event is in two subjects", () => {
  const names = eventSubjects.flatMap(({ events }) => Object.keys(events));
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
  assert.equal(names.length, eventNames.length);
});

test("every field of an event has its meaning and unit, and every meaning is needed", () => {
  const used = new Set(eventNames.flatMap(fieldsOf));
  assert.deepEqual([...used].filter((f) => !(f in eventFields)), []);
  assert.deepEqual(Object.keys(eventFields).filter((f) => !used.has(f)), []);
});

test("where the line itself is to say what to do, it has the field", () => {
  const silent = eventNames.filter((n) => /field `fix`/.test(eventEntry(n).fix ?? "") && !fieldsOf(n).includes("fix"));
  assert.deepEqual(silent, []);
});

test("every warning and error says what to do", () => {
  const grave = eventNames.filter((n) => eventEntry(n).levels.some((l) => l === "warning" || l === "error"));
  assert.deepEqual(grave.filter((n) => eventEntry(n).fix === null), ["Output"]);
});

test("code that logs an event, level or field that is not in the register does not compile", () => {
  const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
  // @ts-expect-error -- no such event
  log.info("Looked");
  // @ts-expect-error -- it is logged as information only
  log.error("Promoted", { term: 1 });
  // @ts-expect-error -- no such field
  log.info("Promoted", { lsn: "0/1" });
  log.info("Promoted", { term: 1, timeline: 2, because: "c", tookMs: 3 });
});
