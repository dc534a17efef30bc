// The question before a fresh cluster is made, against a real voter.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControlClient } from "../../../core/client/control-client.ts";
import { Voter } from "../../../core/lease/voter.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { FakeClock } from "../../../tests/support/fake-clock.ts";
import { grantedEpoch } from "./granted-epoch.ts";

const electorate = ["pg1", "pg2", "barman"];
const config = { id: 1, host: "pg1", electorate, leaseTtlMs: 5_000 };
const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });

function voterOf(name: string, epoch: number | null): Voter {
  const epochs = { highest: () => epoch, leaderships: () => [], grant: () => Promise.resolve() };
  const longest = { ms: () => 5_000, set: () => Promise.resolve() };
  return new Voter({ name, incarnation: name, ttlMs: 5_000, electorate }, log, epochs, longest);
}

async function ask(epoch: number | null): Promise<{ said: string | null; voter: Voter }> {
  const voter = voterOf("barman", epoch);
  const client = {
    ask: (
      order: { question: { parse(q: object): never }; answer: { parse(a: object): never } },
      host: string,
      q: object,
    ) =>
      host === "barman"
        ? Promise.resolve(voter.handle(order.question.parse(q))).then((a) => order.answer.parse(a))
        : Promise.reject(new Error("no such host")),
  } as unknown as ControlClient;
  return { said: await grantedEpoch({ client, clock: new FakeClock(), config }), voter };
}

test("a voter that has granted an epoch, or cannot read which, is named; the question changes nothing at it", async () => {
  for (const epoch of [7, null]) {
    const { said, voter } = await ask(epoch);
    assert.equal(said, "barman");
    assert.deepEqual([voter.granted(), voter.highest], [null, null]);
  }
  assert.equal((await ask(0)).said, null);
});
