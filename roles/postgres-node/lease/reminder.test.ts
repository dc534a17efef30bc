import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { Reminder } from "./reminder.ts";

const request = {
  from: { nodeId: 1, host: "pg1", incarnation: "a" },
  epoch: 7,
  systemIdentifier: "7",
  partners: ["pg1", "pg2"],
};

test("one question at a time goes to a voter, and one that does not answer is asked again later", async () => {
  const lines: string[] = [];
  const asked: string[] = [];
  const answers = Promise.withResolvers<never>();
  const client = {
    ask: (_order: unknown, host: string) => {
      asked.push(host);
      return answers.promise;
    },
  };
  const log = createLog({ level: "INFO", write: (line) => lines.push(line), wallMs: () => 0 });
  const reminder = new Reminder(client, log);
  const first = reminder.tell("pool", request);
  await reminder.tell("pool", request);
  assert.deepEqual(asked, ["pool"]);
  answers.reject(new Error("timed out"));
  await first;
  assert.match(lines.join(), /does not answer.*timed out/);
  await reminder.tell("pool", request);
  assert.deepEqual(asked, ["pool", "pool"]);
});
