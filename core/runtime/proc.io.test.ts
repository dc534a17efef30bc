// Real processes, as /proc shows them: titles, and which signals they handle.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { test } from "node:test";
import { handlesSignal, titledOf } from "./proc.ts";

const { SIGUSR1, SIGUSR2 } = constants.signals;

test("a process is found by its title, and only a signal with a handler counts as one that it handles", async () => {
  const script = "trap : USR2; trap '' USR1; echo ready; read line";
  const child = spawn("bash", ["-c", `exec -a 'postdock-proc-test: waits' bash -c "${script}"`]);
  try {
    await once(child.stdout, "data");
    const found = titledOf("postdock-proc-test");
    assert.equal(found.length, 1);
    assert.match(found[0]!.title, /^postdock-proc-test: waits/);
    const { pid } = found[0]!;
    assert.equal(pid, child.pid);
    assert.deepEqual([handlesSignal(pid, SIGUSR2), handlesSignal(pid, SIGUSR1)], [true, false]);
  } finally {
    const ended = once(child, "exit");
    child.stdin.end();
    await ended;
  }
  assert.equal(handlesSignal(child.pid!, SIGUSR2), false, "one that is gone handles nothing");
});
