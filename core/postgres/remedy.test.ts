// From what PostgreSQL says to what an operator types.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleHost, remedyExamples } from "./remedy-examples.ts";
import { onlyCloneHelps, remedyCount, remedyFor, remedyNumber } from "./remedy.ts";

const cases: readonly [string, RegExp][] = [
  [
    "max_connections = 50 is a lower setting than on the primary server, where its value was 100.",
    /^set max_connections:100 or more in CONFIGS of pg2 .*standbys first/,
  ],
  ['password authentication failed for user "replication_user"', /same password of replication_user/],
  [
    'FATAL:  no pg_hba.conf entry for replication connection from host "172.18.0.3", user "replication_user", no encryption',
    /let replication_user in from 172\.18\.0\.3.* if it has a line hostssl, set ssl:on/,
  ],
  [
    'FATAL:  pg_hba.conf rejects replication connection for host "172.18.0.3", user "replication_user", no encryption',
    /^set the same TLS in all containers: first prefer .* take the reject line/,
  ],
  [
    'server certificate for "pg1" (and 4 other names) does not match host name "db"',
    /^add db to TLS_NAMES of the container of pg1 or,/,
  ],
  [
    'could not load server certificate file "/run/postdock/tls/server.crt": No such file or directory',
    /what is wrong with TLS_CERT_FILE/,
  ],
  ['could not access file "timescaledb": No such file or directory', /library timescaledb .*shared_preload_libraries/],
  [
    'PostgreSQL does not let the agent of this node in: Peer authentication failed for user "postgres"',
    /"local all postgres trust" the first line of pg_hba\.conf in PGDATA of pg2/,
  ],
  ['PostgreSQL does not let the agent of this node in: role "postgres" is not permitted to log in', /postgres login$/],
  [
    "PostgreSQL does not let the agent of this node in: sorry, too many clients already",
    /sessions of superusers on pg2/,
  ],
  ['PostgreSQL does not let the agent of this node in: database "x" does not exist', /create database "x"$/],
  [
    'connection to server at "pg1", port 5432 failed: authentication method requirement "scram-sha-256" failed: server did not complete authentication',
    /whether the address is that of the node.* POSTGRES_HOST_AUTH_METHOD of this container/,
  ],
  ["all replication slots are in use", /max_replication_slots/],
  ['could not write to file "pg_wal/xlogtemp.1": No space left on device', /room on the volume of pg2/],
  ["could not map anonymous shared memory: Cannot allocate memory", /shared_buffers/],
  ['pg_basebackup: error: directory "/srv/fast" exists but is not empty', /empty directory .* at \/srv\/fast on pg2/],
  ['directory "/srv/fast" does not exist', /empty directory .* at \/srv\/fast on pg2/],
  [
    'could not open directory "pg_tblspc/16400/PG_17_202406281": No such file',
    /^mount the volume that was there .*16400/,
  ],
  [
    'could not open file "pg_tblspc/16400/PG_17_202406281/5/16402": No such file or directory',
    /^mount the volume that was/,
  ],
  ["could not locate a valid checkpoint record at 0/3000028", /^wait: .*cluster reinit pg2.*postdock barman restore/],
  ["WAL contains references to invalid pages", /^wait: if pg2 ended .* crash recovery .*cluster reinit pg2/],
  [
    'could not access status of transaction 700 (Could not open file "pg_xact/0000": No such file or directory.)',
    /cluster reinit pg2/,
  ],
  ['could not open file "global/1262": No such file or directory', /cluster reinit pg2/],
  ['could not open file "global/1262": Permission denied', /to uid 999/],
  ["FATAL: check of private key failed: key values mismatch", /the key belongs to the certificate/],
  ['private key file "/tls/key.pem" has group or world access', /\/tls\/key\.pem .*0600/],
  ['unrecognized configuration parameter "wrk_mem" in file "x" line 3', /correct wrk_mem in CONFIGS/],
  ['"min_wal_size" must be at least twice "wal_segment_size"', /min_wal_size/],
  ['initdb: error: invalid locale name "de_DE.utf8"', /locale -a/],
  ["initdb: unrecognized option '--pony'", /POSTGRES_INITDB_ARGS/],
  ['could not translate host name "pg1" to address: Name or service not known', /^start pg1/],
  ['could not translate host name "pg1" to address: Temporary failure in name resolution', /^mend the DNS .* give pg1/],
  ["the name pg1 could not be resolved within 1 s: DNS does not answer", /^mend the DNS server .*resolv\.conf/],
  ["checkpointer process (PID 7) was terminated by signal 9: Killed", /more memory/],
];

test("each known message has a fix that fits it", () => {
  for (const [message, fix] of cases) assert.match(remedyFor(message, { host: "pg2" }) ?? "none", fix, message);
});

test("only broken data are a reason to clone: not a disk, a right or a limit that a start would find again", () => {
  const broken = [
    "PANIC: could not locate a valid checkpoint record at 0/3000028",
    'could not open file "global/pg_filenode.map": No such file or directory',
    'FATAL: could not read file "global/pg_control": read 100 of 296',
    "the data directory cannot be read as a cluster: pg_controldata exited with 1",
    "FATAL: requested timeline 207 is not a child of this server's history",
  ];
  for (const message of broken) assert.ok(onlyCloneHelps(message), message);
  const passing = [
    'could not open file "global/1262": Permission denied',
    'could not open file "base/1/1259": Too many open files in system',
    'could not read file "base/1/1259": Input/output error',
    'could not write to file "pg_wal/xlogtemp.1": No space left on device',
    'could not open directory "pg_tblspc/16400/PG_17_202406281": Permission denied',
    "database files are incompatible with server",
  ];
  for (const message of passing) assert.ok(!onlyCloneHelps(message), message);
});

test("an unknown message has no fix that only looks like one", () => {
  assert.equal(remedyFor("the moon is full", { host: "pg2" }), null);
});

test("the page of messages has an example for each fix, and a fix for each example", () => {
  const numbers = remedyExamples.map(remedyNumber);
  assert.deepEqual(remedyExamples.filter((_, i) => numbers[i] === null), []);
  const without = Array.from({ length: remedyCount }, (_, i) => i).filter((i) => !numbers.includes(i));
  assert.deepEqual(without, [], "the rows of the table, from 0, that no example is for");
  for (const example of remedyExamples) assert.doesNotMatch(remedyFor(example, { host: exampleHost })!, /undefined/);
});
