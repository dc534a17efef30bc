import assert from "node:assert/strict";
import { test } from "node:test";
import { decideFoothold, type Foothold, parseListeners } from "./foothold.ts";

/** What Docker gives by default. */
const docker = 0xa80425fbn;
const sound: Foothold = {
  uid: 0,
  named: true,
  freePorts: 0,
  capabilities: docker,
  sshd: true,
  unwritable: [],
  ports: [],
  listening: [],
};
const path = (path: string, code: string, owner: number | null = null) => ({ path, code, owner });
const said = (changes: Partial<Foothold>) => decideFoothold({ ...sound, ...changes })?.message ?? "";

test("decideFoothold() accepts a container as Docker makes it, and the five capabilities without sshd", () => {
  assert.equal(decideFoothold(sound), null);
  assert.equal(decideFoothold({ ...sound, capabilities: 0b11001011n, sshd: false }), null);
  assert.equal(decideFoothold({ ...sound, capabilities: null }), null);
});

test("decideFoothold() accepts any uid that can have a name, without a capability", () => {
  const bare = { ...sound, capabilities: 0n };
  assert.equal(decideFoothold({ ...bare, uid: 999 }), null);
  assert.equal(decideFoothold({ ...bare, uid: 1_000_680_000, named: false }), null);
  assert.equal(decideFoothold({ ...bare, uid: 33 }), null);
  assert.match(said({ uid: 200, named: false, capabilities: 0n }), /uid 200, which has no name .*as uid 999/);
});

test("decideFoothold() names the owner of what is mounted, and what to type, where nobody is root", () => {
  const mounted = path("/var/lib/postdock", "EACCES", 5000);
  const message = said({ uid: 12345, unwritable: [mounted] });
  assert.match(message, /\/var\/lib\/postdock belongs to uid 5000.*uid 12345.*chown -R 12345:0 .*user: "5000:0"/);
  assert.match(said({ uid: 12345, unwritable: [path("/run/postdock", "EACCES", 999)] }), /tmpfs at \/run/);
  assert.match(said({ unwritable: [path("/var/backups", "EROFS", 999)] }), /mount a writable volume at \/var\/backups/);
});

test("decideFoothold() names a port that only root may have", () => {
  const ports = [{ port: 22, by: "sshd", change: "set SSH_ENABLE=0" }, { port: 5432, by: "PostgreSQL", change: null }];
  const seen = { uid: 999, freePorts: 1024, capabilities: 0n, ports };
  assert.match(said(seen), /sshd may not listen on port 22: .*unprivileged_port_start=22.*, or set SSH_ENABLE=0/);
  assert.doesNotMatch(said(seen), /5432/);
  for (const other of [{ uid: 0, capabilities: docker }, { capabilities: 1n << 10n }, { freePorts: 0 }]) {
    assert.equal(said({ ...seen, ...other }), "");
  }
});

test("decideFoothold() names each capability that is missing", () => {
  assert.match(
    said({ capabilities: 0n, sshd: false }),
    /lacks the capabilities CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID\./,
  );
  assert.match(said({ capabilities: docker & ~(1n << 18n) }), /lacks the capabilities SYS_CHROOT.*SSH_ENABLE=1/);
});

test("decideFoothold() names all paths and ports at once, and where a port is taken", () => {
  const unwritable = [path("/etc", "EROFS"), path("/run", "EACCES")];
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
