import assert from "node:assert/strict";
import { test } from "node:test";
import { decideFoothold, type Foothold, parseListeners } from "./foothold.ts";

/** What Docker gives by default. */
const docker = 0xa80425fbn;
const sound: Foothold = { uid: 0, capabilities: docker, sshd: true, unwritable: [], ports: [], listening: [] };
const said = (changes: Partial<Foothold>) => decideFoothold({ ...sound, ...changes })?.message ?? "";

test("decideFoothold() accepts a container as Docker makes it, and the five capabilities without sshd", () => {
  assert.equal(decideFoothold(sound), null);
  assert.equal(decideFoothold({ ...sound, capabilities: 0b11001011n, sshd: false }), null);
  assert.equal(decideFoothold({ ...sound, capabilities: null }), null);
});

test("decideFoothold() refuses another user by its uid, and says nothing of what follows from that", () => {
  const message = said({ uid: 1234, capabilities: 0n, unwritable: [{ path: "/etc", code: "EACCES" }] });
  assert.match(message, /runs as uid 1234.*no user:/);
  assert.doesNotMatch(message, /\/etc |lacks/);
});

test("decideFoothold() names each capability that is missing", () => {
  assert.match(
    said({ capabilities: 0n, sshd: false }),
    /lacks the capabilities CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID\./,
  );
  assert.match(said({ capabilities: docker & ~(1n << 18n) }), /lacks the capabilities SYS_CHROOT.*SSH_ENABLE=1/);
});

test("decideFoothold() names all paths and ports at once, and where a port is taken", () => {
  const unwritable = [{ path: "/etc", code: "EROFS" }, { path: "/run", code: "EACCES" }];
  const ports = [
    { port: 8080, by: "HTTP", change: "set POSTDOCK_PORT" },
    { port: 5432, by: "pgpool", change: null },
    { port: 22, by: "sshd", change: null },
  ];
  const listening = [
    { port: 8080, address: "::" },
    { port: 5432, address: "127.0.0.1" },
    { port: 5432, address: "::1" },
    { port: 25, address: "::" },
  ];
  const message = said({ unwritable, ports, listening });
  assert.match(message, /\/etc is on a file system that is read-only; \/run may not be written \(EACCES\)/);
  assert.match(message, /port 8080, on which HTTP listens, is taken at ::; port 5432, .* at 127\.0\.0\.1 and ::1\./);
  assert.match(message, /set POSTDOCK_PORT/);
  assert.doesNotMatch(message, /port 2/);
});

test("parseListeners() reads who listens where, on either family of addresses", () => {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (local: string, state: string) => `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000\n`;
  const tcp = head + row("00000000:1F90", "0A") + row("0100007F:1538", "0A") + row("0100007F:C350", "01");
  assert.deepEqual(parseListeners(tcp), [{ port: 8080, address: "0.0.0.0" }, { port: 5432, address: "127.0.0.1" }]);
  const tcp6 = head + row(`${"0".repeat(32)}:1F90`, "0A") + row(`${"0".repeat(24)}01000000:1538`, "0A");
  assert.deepEqual(parseListeners(tcp6), [{ port: 8080, address: "::" }, { port: 5432, address: "::1" }]);
});

test("decideFoothold() refuses a port that two programs of the container would have", () => {
  const ports = [{ port: 5432, by: "HTTP", change: "set POSTDOCK_PORT" }, {
    port: 5432,
    by: "PostgreSQL",
    change: null,
  }];
  assert.match(said({ ports }), /HTTP and PostgreSQL would both listen on port 5432.*set POSTDOCK_PORT/);
});
