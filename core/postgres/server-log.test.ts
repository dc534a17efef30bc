// The causes in PostgreSQL's own log, from lines as PostgreSQL 17 prints them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hear, type Heard, messageText, nothingHeard, whyEnded } from "./server-log.ts";

const at = "2026-11-22 10:15:00.123 UTC";
const heard = (...lines: string[]): Heard => lines.reduce(hear, nothingHeard);
const cause = (...lines: string[]): string | null => {
  const message = whyEnded(heard(...lines));
  return message && messageText(message);
};

const lowSetting = [
  `${at} [20] LOG:  starting PostgreSQL 17.11 (Debian 17.11-0+deb13u1) on x86_64-pc-linux-gnu`,
  `${at} [20] LOG:  listening on IPv4 address "0.0.0.0", port 5432`,
  `${at} [23] LOG:  database system was interrupted; last known up at 2026-11-22 10:14:59 UTC`,
  `${at} [24] FATAL:  the database system is starting up`,
  `${at} [23] FATAL:  recovery aborted because of insufficient parameter settings`,
  `${at} [23] DETAIL:  max_connections = 50 is a lower setting than on the primary server, where its value was 100.`,
  `${at} [23] HINT:  You can restart the server after making the necessary configuration changes.`,
  `${at} [25] FATAL:  the database system is starting up`,
  `${at} [20] LOG:  startup process (PID 23) exited with exit code 1`,
  `${at} [20] LOG:  aborting startup due to startup process failure`,
  `${at} [20] LOG:  database system is shut down`,
];

test("the startup process says why, with its detail and hint, although clients were refused meanwhile", () => {
  assert.equal(
    cause(...lowSetting),
    "FATAL: recovery aborted because of insufficient parameter settings (max_connections = 50 is a lower setting than " +
      "on the primary server, where its value was 100)",
  );
  assert.match(whyEnded(heard(...lowSetting))!.hint!, /^You can restart the server/);
});

test("the same is found without process ids, and with a prefix of the operator's own", () => {
  assert.match(cause(...lowSetting.map((l) => l.replace(/^.*?\] /, "")))!, /insufficient parameter settings/);
  assert.match(cause(...lowSetting.map((l) => l.replace(/^.*?\[/, "db=,user=,app= [")))!, /value was 100/);
});

test("a message that only sums up is shown with its reasons", () => {
  const text = cause(
    `${at} [20] LOG:  invalid authentication method "magic"`,
    `${at} [20] CONTEXT:  line 4 of configuration file "/var/lib/postgresql/data/pg_hba.conf"`,
    `${at} [20] FATAL:  could not load /var/lib/postgresql/data/pg_hba.conf`,
  );
  assert.equal(
    text,
    'FATAL: could not load /var/lib/postgresql/data/pg_hba.conf: invalid authentication method "magic"',
  );
});

test("a server that was killed is reported as such, and one that said nothing is not guessed at", () => {
  const killed = `${at} [20] LOG:  startup process (PID 23) was terminated by signal 9: Killed`;
  assert.match(cause(killed)!, /terminated by signal 9/);
  assert.equal(cause(`${at} [20] LOG:  database system is ready to accept read-only connections`), null);
  assert.equal(cause(), null);
  assert.match(cause("postgres: could not find the database system")!, /^FATAL: could not find the database system$/);
});

const refusedLogin =
  `${at} [31] FATAL:  streaming replication receiver "node2" could not connect to the primary server: connection to server ` +
  'at "pg1" (172.18.0.2), port 5432 failed: FATAL:  password authentication failed for user "replication_user"';

test("why a standby does not stream is what its WAL receiver said last; it is over once it streams", () => {
  const login = `${at} [40] FATAL:  password authentication failed for user "app"`;
  assert.match(messageText(heard(refusedLogin, login).receiver!), /password .* "replication_user"$/);
  assert.match(messageText(heard(refusedLogin, "\tcertificate is wrong", login).receiver!), /certificate is wrong$/);
  assert.equal(heard(refusedLogin, `${at} [32] LOG:  started streaming WAL from primary at 0/3000000`).receiver, null);
  assert.equal(heard(`${at} [31] FATAL:  terminating walreceiver process due to administrator command`).receiver, null);
  const full = `could not write to file "pg_wal/xlogtemp.31": No space left on device`;
  assert.equal(messageText(heard(refusedLogin, `${at} [31] FATAL:  ${full}`).receiver!), `FATAL: ${full}`);
  assert.equal(
    cause(`${at} [20] LOG:  starting`, `${at} [31] FATAL:  ${full}`),
    `FATAL: ${full}`,
    "it may end a server",
  );
  assert.equal(cause(refusedLogin), null, "the server runs on");
});

test("a replay that has stopped says why", () => {
  const paused = heard(
    `${at} [23] WARNING:  hot standby is not possible because of insufficient parameter settings`,
    `${at} [23] DETAIL:  max_connections = 50 is a lower setting than on the primary server, where its value was 100.`,
    `${at} [23] LOG:  recovery has paused`,
  );
  assert.match(messageText(paused.replay!), /max_connections = 50/);
});

test("statements of clients, which may hold secrets, are never part of a cause", () => {
  const secret = [
    `${at} [50] ERROR:  syntax error at or near "passwrd"`,
    `${at} [50] STATEMENT:  alter role app passwrd 'hunter2'`,
    "\t'hunter2'",
    `${at} [50] FATAL:  terminating connection due to administrator command`,
    `${at} [50] STATEMENT:  alter role app password 'hunter2'`,
  ];
  assert.ok(!JSON.stringify(heard(`${at} [20] LOG:  starting PostgreSQL`, ...secret)).includes("hunter2"));
});

test("whatever the lines are, what is kept is bounded and can be told", () => {
  const line = fc.oneof(fc.string(), fc.constantFrom(...lowSetting, refusedLogin, "\tmore"));
  fc.assert(fc.property(fc.array(line, { maxLength: 120 }), (lines) => {
    const all = heard(...lines);
    const message = whyEnded(all);
    return all.messages.length <= 40 && (message === null || messageText(message).length <= 610);
  }));
});

test("of a message of many lines, or of a long one, a bounded text is kept", () => {
  const longest = (heard: Heard) => Math.max(...heard.messages.map((m) => m.text.length));
  const lines = Array.from({ length: 2_000 }, () => "\t" + "x".repeat(100));
  assert.ok(longest(heard(`${at} [1] LOG:  statement: select`, ...lines)) <= 4096);
  assert.ok(longest(heard(`${at} [1] LOG:  statement: ${"x".repeat(60_000)}`)) <= 4096);
});
