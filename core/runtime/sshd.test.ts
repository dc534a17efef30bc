// What sshd and ssh may do between containers: run a command by key, and nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { postgresAccount } from "./command.ts";
import { renderAuthorizedKeys, renderSshClientConfig, renderSshdConfig } from "./sshd.ts";

test("every key that may log in is restricted, however many there are", () => {
  assert.equal(renderAuthorizedKeys("ssh-rsa AAAA postdock\n"), "restrict ssh-rsa AAAA postdock\n");
  const two = renderAuthorizedKeys("# of all containers\nssh-rsa AAAA\n\n  ssh-ed25519 BBBB x");
  assert.equal(two, "restrict ssh-rsa AAAA\nrestrict ssh-ed25519 BBBB x\n");
});

test("sshd forwards nothing, takes no password, and shows a certificate only if there is one", () => {
  const text = renderSshdConfig(postgresAccount, false);
  for (const line of ["DisableForwarding yes", "PermitUserRC no", "PasswordAuthentication no", "PermitRootLogin no"]) {
    assert.match(text, new RegExp(`^${line}$`, "m"));
  }
  assert.doesNotMatch(text, /HostCertificate/);
  assert.match(renderSshdConfig(postgresAccount, true), /^HostCertificate \/run\/sshd\/.*-cert\.pub$/m);
});

test("ssh goes only to hosts that it knows, where it can know them", () => {
  assert.match(renderSshClientConfig(true), /StrictHostKeyChecking yes\n\s+UserKnownHostsFile ~\/\.ssh\/known_hosts/);
  assert.match(renderSshClientConfig(false), /StrictHostKeyChecking no\n\s+UserKnownHostsFile \/dev\/null/);
});
