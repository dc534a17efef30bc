// What PostgreSQL and its tools say, one example or more for each fix: for the tests, and for docs/messages.md.

/** The node of the examples. */
export const exampleHost = "pgslave1";

/** Each line as it stands in a log, without its time. */
export const remedyExamples: readonly string[] = [
  "hot standby is not possible because of insufficient parameter settings: max_connections = 50 is a lower setting than on the primary server, where its value was 100",
  'password authentication failed for user "replication_user"',
  'no pg_hba.conf entry for replication connection from host "172.18.0.3", user "replication_user", no encryption',
  'pg_hba.conf rejects replication connection for host "172.18.0.3", user "replication_user", no encryption',
  'role "replication_user" does not exist',
  'could not access file "timescaledb": No such file or directory',
  "all replication slots are in use",
  "requested WAL segment 000000020000000000000007 has already been removed",
  'number of requested standby connections exceeds "max_wal_senders" (currently 2)',
  "sorry, too many clients already",
  'could not write to file "pg_wal/xlogtemp.41": No space left on device',
  "could not map anonymous shared memory: Cannot allocate memory",
  'could not bind IPv4 address "0.0.0.0": Address already in use',
  'private key file "/tls/key.pem" has group or world access',
  "check of private key failed: key values mismatch",
  'directory "/srv/fast" does not exist',
  'could not open directory "pg_tblspc/16400/PG_17_202406281": No such file or directory',
  "database system identifier differs between the primary and standby",
  "requested starting point 0/7000000 on timeline 2 is not in this server's history",
  'replication slot "repmgr_slot_2" does not exist',
  '"min_wal_size" must be at least twice "wal_segment_size"',
  'initdb: error: invalid locale name "de_DE.utf8"',
  'could not open file "global/1262": Permission denied',
  "WAL contains references to invalid pages",
  "could not locate a valid checkpoint record at 0/3000028",
  'unrecognized configuration parameter "wrk_mem" in file "postgresql.conf" line 3',
  'configuration file "/var/lib/postgresql/data/postgresql.conf" contains errors',
  "initdb: unrecognized option '--pony'",
  'could not translate host name "pgmaster" to address: Temporary failure in name resolution',
  'could not translate host name "pgmaster" to address: Name or service not known',
  'connection to server at "pgmaster" (172.18.0.2), port 5432 failed: Connection refused',
  "checkpointer process (PID 7) was terminated by signal 9: Killed",
  "the database system is starting up",
];
