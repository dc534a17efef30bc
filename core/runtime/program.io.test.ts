// A program that is not there, or is no program, is named; one of the PATH is found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { requireProgram } from "./program.ts";

test("what cannot be run is refused, and what can is not", async () => {
  for (const wanted of [null, ["/bin/sh", "-c", "true"], ["sh"]]) await requireProgram("ON_EVENT_COMMAND", wanted);
  for (const wrong of ["/bin/nonexist", "/etc/passwd", "/tmp", "no-such-program"]) {
    await assert.rejects(requireProgram("ON_EVENT_COMMAND", [wrong]), { name: "OperatorError", exitCode: 78 });
  }
});
