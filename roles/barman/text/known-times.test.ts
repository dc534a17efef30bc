// Times that were read from WAL are read once, and forgotten when nobody asks for them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KnownTimes } from "./known-times.ts";

test("what is known is not read again, and what is not asked for any more is forgotten", async () => {
  const reads: string[] = [];
  const ask = async (text: string | null, ...names: string[]) => {
    const known = new KnownTimes(text);
    for (const name of names) await known.get(name, () => Promise.resolve(`read ${reads.push(name)}`));
    return known.changed();
  };
  const first = await ask(null, "a", "b");
  assert.deepEqual(JSON.parse(first!), { a: "read 1", b: "read 2" });
  assert.equal(await ask(first, "b", "a"), null);
  assert.deepEqual(JSON.parse((await ask(first, "b", "c"))!), { b: "read 2", c: "read 3" });
  assert.deepEqual(reads, ["a", "b", "c"]);
});

test("that there is no commit is known too; a file that cannot be read is as none, and what fails is not kept", async () => {
  const never = () => Promise.reject(new Error("read again"));
  assert.equal(await new KnownTimes('{"a":null}').get("a", never), null);
  for (const text of ["", "{", "[]", '{"a":1}']) {
    const known = new KnownTimes(text);
    await assert.rejects(known.get("a", never), /read again/);
    assert.equal(known.changed(), null);
  }
});
