// What a command prints arrives whole, however late it is read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attempt, root } from "../../tools/terminal.ts";

/** Reads a command's output through a pipe of one page, and later. */
const reader = `import fcntl, os, subprocess, sys, time
out, into = os.pipe()
fcntl.fcntl(into, 1031, 4096)
child = subprocess.Popen(sys.argv[1:], stdout=into)
os.close(into)
time.sleep(0.5)
size = 0
while piece := os.read(out, 65536):
    size += len(piece)
print(size, child.wait())`;

test("output that is read late is not cut off", async () => {
  const command = ["./node_modules/.bin/bun", "main.ts", "config", "reference"];
  const whole = await attempt(command, { timeoutMs: 30_000, cwd: root });
  const late = await attempt(["python3", "-c", reader, ...command], { timeoutMs: 30_000, cwd: root });
  assert.ok(whole.stdout.length > 4096);
  assert.equal(late.stdout.trim(), `${new TextEncoder().encode(whole.stdout).length} 0`);
});
