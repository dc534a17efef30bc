// Why a standby does not stream, in PostgreSQL 17's own words, and nothing that a client can have logged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isStartupTitle, parseStreamingTrouble } from "./streaming-trouble.ts";

const [startup, client] = [23, 57];
const at = "2026-11-28 10:15:00.123 UTC";
const trouble = (line: string) => parseStreamingTrouble(line, (pid) => pid === startup);

const receiver = {
  "wal-removed": [
    "could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000004 has already been removed",
    'could not receive timeline history file from the primary server: ERROR:  could not open file "pg_wal/00000002.history": ' +
    "No such file or directory",
    'could not start WAL streaming: ERROR:  can no longer access replication slot "repmgr_slot_2"',
  ],
  "slot-missing": ['could not start WAL streaming: ERROR:  replication slot "repmgr_slot_2" does not exist'],
  "diverged": [
    "highest timeline 1 of the primary is behind recovery timeline 2",
    "could not start WAL streaming: ERROR:  requested timeline 2 is not in this server's history",
    "could not start WAL streaming: ERROR:  requested starting point 0/60310F0 on timeline 2 is not in this server's history",
    "could not start WAL streaming: ERROR:  requested starting point 0/6000000 is ahead of the WAL flush position of this " +
    "server 0/5000148",
  ],
};
const ofStartup = {
  "diverged": [
    "LOG:  new timeline 2 forked off current database system timeline 1 before current recovery point 0/60310F0",
    "LOG:  new timeline 3 is not a child of database system timeline 1",
  ],
  "settings-too-low": ["WARNING:  hot standby is not possible because of insufficient parameter settings"],
};

test("removed WAL, a missing slot and divergence are what the WAL receiver ends with, whatever log_line_prefix is", () => {
  for (const [what, texts] of Object.entries(receiver)) {
    for (const text of texts) {
      for (const prefix of [`${at} [31] `, "", "db=,app= "]) {
        assert.equal(trouble(`${prefix}FATAL:  ${text}`), what, text);
      }
      assert.equal(trouble(`${at} [31] ERROR:  ${text}`), null, "a subscription of this node, or a client");
    }
  }
  assert.equal(trouble(`${at} [23] FATAL:  requested timeline 3 is not a child of this server's history`), "diverged");
});

test("what the startup process says counts by its pid, or where no pid is shown", () => {
  for (const [what, texts] of Object.entries(ofStartup)) {
    for (const text of texts) {
      assert.equal(trouble(`${at} [${startup}] ${text}`), what);
      assert.equal(trouble(text), what);
      assert.equal(trouble(`${at} [${client}] ${text}`), null, "RAISE LOG of a client");
    }
  }
});

test("no statement, no error and no name of a client is taken for a message of the server", () => {
  const all = [...Object.values(receiver), ...Object.values(ofStartup)].flat();
  for (const text of all) {
    for (
      const line of [
        `${at} [${client}] STATEMENT:  select 1/0 /* FATAL:  ${text} */`,
        `\tFATAL:  ${text}`,
        `\t${at} [${startup}] ${text}`,
        `${at} [${client}] ERROR:  syntax error at or near "FATAL:  ${text}"`,
        `${at} [${client}] LOG:  FATAL:  ${text}`,
        `${at} [${client}] FATAL:  role "${text}" does not exist`,
        `${at} [${client}] FATAL:  could not access file "$libdir/plugins/${text}": No such file or directory`,
      ]
    ) assert.equal(trouble(line), null, line);
  }
  assert.equal(trouble('could not open file "pg_wal/00000002.history"'), null, "the primary's own log");
  assert.equal(trouble(`${at} [20] LOG:  database system is ready to accept read-only connections`), null);
});

test("the startup process is known by its title, which no client can have", () => {
  const segment = "000000010000000000000004";
  for (const title of ["startup", `startup recovering ${segment}`, `pg_cluster: startup waiting for ${segment}`]) {
    assert.equal(isStartupTitle(`postgres: ${title}`), true, title);
  }
  const others = ["startup recovering [local] idle", `a: startup recovering ${segment} [local] idle`, "walreceiver"];
  for (const title of others) assert.equal(isStartupTitle(`postgres: ${title}`), false, title);
});
