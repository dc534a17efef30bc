// A copy by SSH needs an sshd where the backup is, and a node that it goes to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ExitCode } from "../../core/words/errors.ts";
import { whyNotBySsh } from "./by-ssh.ts";

test("a restore by SSH is refused without an sshd here, and for a copy that stays here", () => {
  const into = whyNotBySsh({ ssh: true, into: "/tmp/copy" }, { sshEnable: true });
  assert.equal(into?.exitCode, ExitCode.usage);
  assert.match(into.message, /--ssh copies to a node, and --into/);
  const without = whyNotBySsh({ ssh: true }, { sshEnable: false });
  assert.equal(without?.exitCode, ExitCode.refused);
  assert.match(without.message, /by SSH: SSH_ENABLE is 0 in this container.*set SSH_ENABLE=1 here and on the node/s);
  assert.equal(whyNotBySsh({ ssh: true }, { sshEnable: true }), null);
  assert.equal(whyNotBySsh({ into: "/tmp/copy" }, { sshEnable: false }), null);
});
