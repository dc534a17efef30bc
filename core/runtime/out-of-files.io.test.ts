// A process that has no descriptor left keeps its clock, does not end, and believes nothing that it could not see.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./command.ts";

const root = new URL("../..", import.meta.url).pathname;
/** the runtime of the executable, even if the test itself runs on Deno */
const argv = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh", `${root}node_modules/.bin/bun`];

test("while no file can be opened the clock of the lease goes on, and afterwards children start again", {
  timeout: 60_000,
}, async () => {
  const { stdout } = await run([...argv, `${root}tests/support/out-of-files.ts`], { timeoutMs: 60_000 });
  const { limit, look, after } = JSON.parse(stdout);
  assert.match(limit, /EMFILE/);
  assert.match(look, /EMFILE/, "that no process was seen does not mean that there is none");
  assert.deepEqual(after, []);
});
