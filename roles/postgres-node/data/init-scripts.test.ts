// How each kind of script is run, and what is said of one that the system cannot start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptCommand, whyNotStarted } from "./init-scripts.ts";

test("an executable script with a first line is run as it is, every other one by bash", () => {
  assert.deepEqual(scriptCommand("/d/a.sh", 0o755, "#!/bin/bash"), ["/d/a.sh"]);
  assert.deepEqual(scriptCommand("/d/a.sh", 0o644, "#!/bin/bash"), ["bash", "/d/a.sh"]);
  assert.deepEqual(scriptCommand("/d/a.sh", 0o755, "psql -c 1"), ["bash", "/d/a.sh"], "the system starts no such file");
  assert.equal(scriptCommand("/d/a.sql", 0o644, "")?.[0], "psql");
  assert.match(scriptCommand("/d/a.sql.xz", 0o644, "")!.join(" "), /xz -d < "\$1" \| psql/);
  assert.equal(scriptCommand("/d/readme.md", 0o644, ""), null);
});

test("a first line with a Windows line end, or a program that is not there, is named with what to do", () => {
  const cause = new Error("ENOENT");
  const windows = whyNotStarted("#!/bin/bash\r", cause);
  assert.match(windows.why, /names "\/bin\/bash\\r", and there is no such program/);
  assert.match(windows.fix, /LF line ends/);
  assert.match(whyNotStarted("#!/usr/bin/env python3", cause).fix, /a program of the image/);
  assert.equal(whyNotStarted("", cause).why, "ENOENT");
});
