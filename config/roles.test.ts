// Each role's variables together: the example's environment is accepted, and each variable malformed is refused by its name.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkVariables, type RoleName, roleNames, roleVariables } from "./roles.ts";

const files = (path: string) => {
  throw Object.assign(new Error(path), { code: "ENOENT" });
};
const check = (role: RoleName, environment: Record<string, string>, host = "pgmaster") =>
  checkVariables(role, { environment, readFile: files }, host);

const good: Record<RoleName, Record<string, string>> = {
  "postgres-node": {
    NODE_ID: "1",
    NODE_NAME: "node1",
    CLUSTER_NODE_NETWORK_NAME: "pgmaster",
    PARTNER_NODES: "pgmaster,pgslave1,pgslave3",
    REPLICATION_PRIMARY_HOST: "pgmaster",
    NODE_PRIORITY: "100",
    CONFIGS: "listen_addresses:'*',max_replication_slots:10",
  },
  pgpool: {
    BACKENDS:
      "0:pgmaster:5432:1:/var/lib/postgresql/data:ALLOW_TO_FAILOVER,1:pgslave1::::,3:pgslave3::::,2:pgslave2::::",
    DB_USERS: "monkey_user:monkey_pass",
    PCP_USER: "pcp_user",
    PCP_PASSWORD: "pcp_pass",
  },
  barman: {
    REPLICATION_HOST: "pgmaster",
    POSTGRES_USER: "monkey_user",
    POSTGRES_PASSWORD: "monkey_pass",
    POSTGRES_DB: "monkey_db",
  },
};

/** Values that a variable must refuse in whatever role has it. */
const badAnywhere: Record<string, string[]> = {
  QUORUM: ["2", "maybe"],
  QUORUM_OBSERVERS: ["a b", "x,x", "-a", "pgmaster"],
  LEASE_TTL: ["0", "0.9", "61", "5s", "5.0001"],
  LEASE_RENEW_INTERVAL: ["0", "21", "often", "2"],
  CLUSTER_KEY: ["tooshort", "long-enough-key-1234 short", "long-enough-key\n1234"],
  CONSISTENCY: ["strong", "1"],
  BARMAN_SYNC: ["2"],
  PARTNER_NODES: ["a b", "a,a"],
  CLUSTER_NODE_NETWORK_NAME: ["a b", "-h", "a;b"],
  POSTGRES_INITDB_ARGS: [
    "--encoding=UTF8\n-k",
    "--waldir=/wal",
    "-k '-X' /wal",
    "-D /data",
    "--username=me",
    "--auth-local=scram-sha-256",
    "-A md5",
    "--pwfile=/p",
    "--lc-collate='C",
  ],
  POSTGRES_INITDB_WALDIR: ["/wal"],
  POSTGRES_PASSWORD: ["a\nb"],
  REPLICATION_USER: ["u".repeat(64), "a\tb", "a b", "a'b", "a\\b", "a%b"],
  REPLICATION_PASSWORD: ["a\nb"],
  CONFIGS_DELIMITER_SYMBOL: ["a", "'", " "],
  CONFIGS_ASSIGNMENT_SYMBOL: ["1", '"'],
  SSH_ENABLE: ["please"],
  POSTDOCK_PORT: ["0", "65536", "http", "tcp://10.0.0.1:8080"],
  LOG_FORMAT: ["xml", "1"],
  IMAGE_VERSIONS: ["17", "postgres=seventeen", "oracle=19", "postgres=17.1.2", "constructor=1"],
  TLS: ["on", "1", "verify-full"],
  TLS_CERT_FILE: ["server.crt", "/", "/a\nb", "/tls/server.crt"],
  TLS_KEY_FILE: ["server.key", "/", "/a\nb", "/tls/server.key"],
  TLS_CA_FILE: ["ca.crt", "/", "/a\nb", "/tls/ca.crt"],
  TLS_NAMES: ["a b;c", "-h", "db.example.org"],
  ON_EVENT_URL: ["hooks", "ftp://hooks/x", "http://user:word@hooks/x", "http://hooks/a\nb"],
  ON_EVENT_SECRET: ["tooshort", "long-enough-key\n1234"],
  ON_EVENT_COMMAND: [
    "notify",
    "/notify 'a b'",
    "/notify | cat",
    "[]",
    '["/notify", 1]',
    '["/notify"',
    '["notify"]',
    "/a\nb",
  ],
  ON_EVENT_KINDS: ["everything", "promotion,", "promotion;fence"],
  METRICS_USER: ["a:b", "a\nb"],
  METRICS_PASSWORD: ["a\nb"],
  METRICS_TABLES: ["-1", "10001", "all"],
  METRICS_PATRONI: ["2", "maybe"],
  METRICS_QUERIES: ["queries.yaml", "/", "/a\nb"],
  LOG_LEVEL: ["LOUD"],
  STANDBY_ROLE_LOCK_FILE_NAME: ["standby.lock"],
  WAIT_UPSTREAM_TIMEOUT: ["-1", "soon"],
  REPMGR_DEGRADED_MONITORING_TIMEOUT: ["-1", "1s"],
  RECONNECT_INTERVAL: ["0", "x"],
  MASTER_RESPONSE_TIMEOUT: ["0", "x"],
  CHECK_PGCONNECT_TIMEOUT: ["0", "x"],
  FAILOVER_MAX_DATA_AGE: ["-1", "1m", "31536001"],
  LAUNCH_RECOVERY_CHECK_INTERVAL: ["0", "x"],
  POSTGRES_CONNECTION_TIMEOUT: ["1", "x"],
};

/** Values that each variable must refuse, in the role that owns it. */
const bad: Record<RoleName, Record<string, string[]>> = {
  "postgres-node": {
    PG_HBA: ["host all all", "hosts all all all trust", "host all all all scram", "host all all 10.0.0.7 trust"],
    NODE_ID: ["0", "-1", "one", "2147483648", "1.5", " 1"],
    NODE_NAME: ["a b", "-a", "a/b", "a'b", "x".repeat(64), "a\nb"],
    CLUSTER_NODE_NETWORK_NAME: ["a b", "-h", "a/b", "a;b"],
    NODE_PRIORITY: ["-1", "high", "1000001"],
    PARTNER_NODES: ["pgmaster,pgmaster", "a b", "pgslave1,pgslave3"],
    REPLICATION_PRIMARY_HOST: ["a b", "host=x", "a,b"],
    REPLICATION_PRIMARY_PORT: ["0", "65536", "http", "5432.0"],
    REPLICATION_USER: ["u".repeat(64), "a\tb", "a b", "a'b", "a\\b", "a%b"],
    REPLICATION_PASSWORD: ["a\nb"],
    REPLICATION_ROLE: ["super", "nosuperuser", "1"],
    REPLICATION_DB: ["d".repeat(64), "a b", "a'b", "a\\b", "a=b"],
    POSTGRES_USER: ["u".repeat(64)],
    POSTGRES_PASSWORD: ["a\nb"],
    POSTGRES_DB: ["é".repeat(32)],
    POSTGRES_HOST_AUTH_METHOD: ["none", "trust\nhost all all all trust"],
    PGDATA: ["data", "/", "//", "/a\nb"],
    CONFIGS: ["a", "a:1,b", "a:'1", "a:'1\nb=2'"],
    CONFIGS_DELIMITER_SYMBOL: ["a", "'", " ", ":"],
    CONFIGS_ASSIGNMENT_SYMBOL: ["1", '"', ","],
    USE_REPLICATION_SLOTS: ["2", "maybe"],
    CLEAN_OVER_REWIND: ["2"],
    SSH_ENABLE: ["please"],
    LOG_LEVEL: ["LOUD"],
    REPMGR_WAIT_POSTGRES_START_TIMEOUT: ["-1", "1m"],
    MASTER_ROLE_LOCK_FILE_NAME: ["master.lock"],
    CONNECT_TIMEOUT: ["0"],
    RECONNECT_ATTEMPTS: ["0"],
    STOPPING_TIMEOUT: ["-5"],
    RESTORE_KEEP_DAYS: ["-1", "a week"],
    KUBERNETES_ROLE_PODS: [
      "pgmaster",
      "pgmaster=",
      "=pod-0",
      "pgmaster=a=b",
      "pgmaster=Pod_0",
      "pgmaster=-pod",
      "a b=pod-0",
      "pgmaster=pod-0,",
      "pgmaster=pod-0,pgmaster=pod-1",
      "pgmaster=pod-0,pgslave1=pod-0",
      "pgslave1=pod-1",
    ],
  },
  pgpool: {
    BACKENDS: ["0", "0:a:b", "0:a,0:b", "200:a", "0:fd00::5", "0:2001:db8::7"],
    DB_USERS: ["topsecret", ":topsecret", "u:", "u:topsecret,u:topsecret2"],
    CHECK_USER: ["a:b", "a'b", "a\\b"],
    CHECK_PASSWORD: ["x".repeat(129)],
    PCP_USER: ["a:b", ""],
    PCP_PASSWORD: ["a\nb"],
    REQUIRE_MIN_BACKENDS: ["5", "-1", "all"],
    POOL_AUTH: ["query"],
    WAIT_BACKEND_TIMEOUT: ["soon"],
    POSTGRES_HOST_AUTH_METHOD: ["none"],
    CONFIGS: ["max_pool=4"],
  },
  barman: {
    REPLICATION_HOST: ["", "a b", ","],
    POSTGRES_HOST_AUTH_METHOD: ["none"],
    POSTGRES_USER: ["u".repeat(64)],
    POSTGRES_DB: [""],
    REPLICATION_PORT: ["0"],
    UPSTREAM_NAME: ["all", "a/b", "a]b"],
    REPLICATION_SLOT_NAME: ["Slot", "a-b"],
    BACKUP_SCHEDULE: ["daily", "* * * *"],
    BACKUP_ON_START: ["2"],
    VERIFY_SCHEDULE: ["weekly", "0 0 * *", "0 0 31 2 *"],
    VERIFY_SQL: ["select 1;\nselect 2"],
    BACKUP_INCREMENTAL: ["1", "-1", "1001", "daily"],
    BACKUP_FROM: ["standby", "any"],
    BACKUP_COMPRESSION: ["lz4", "1"],
    BACKUP_ENCRYPTION: ["gpg", "1"],
    BACKUP_RATE: ["50", "31kB", "1025MB", "fast", "-1MB"],
    BACKUP_RETENTION_DAYS: ["0", "ever"],
    BACKUP_RETENTION_COUNT: ["-1", "all", "10001"],
    BACKUP_DIR: ["backups", "/", "//", "/a b", "/a/../b"],
    CLOUD_BACKUP_URL: ["bucket", "https://bucket", "s3://", "s3://Bucket", "s3://bucket/../a"],
    CLOUD_BACKUP_ENDPOINT: ["store:9000", "http://store/path"],
    CLOUD_BACKUP_REGION: ["eu central"],
    CLOUD_BACKUP_ENCRYPTION: ["gpg", "AES256"],
    CLOUD_BACKUP_KMS_KEY: ["a b", "without-a-url"],
    CLOUD_BACKUP_CREDENTIALS: ["aws", "/without/a/url"],
    CLOUD_BACKUP_ACCESS_KEY: ["a b", "without-a-url"],
    CLOUD_BACKUP_SECRET_KEY: ["top secret", "without-a-url"],
  },
};

for (const role of roleNames) {
  test(`${role}: the example's environment is accepted`, () => {
    const result = check(role, good[role]);
    assert.ok(result.ok, JSON.stringify(result));
  });
  const own = Object.values(roleVariables[role]).map((v) => v.name);
  const anywhere = Object.entries(badAnywhere).filter(([name]) => own.includes(name) && !bad[role][name]);
  for (const [name, values] of [...Object.entries(bad[role]), ...anywhere]) {
    test(`${role}: ${name} malformed is refused by its name, with a fix`, () => {
      for (const value of values) {
        const result = check(role, { ...good[role], [name]: value });
        assert.ok(!result.ok, `${name}=${JSON.stringify(value)} was accepted`);
        const problem = result.problems.find((p) => p.message.includes(name));
        assert.ok(problem, `${name}=${value}: ${JSON.stringify(result.problems)}`);
        assert.notEqual(problem.fix, "");
        const secret = Object.values(roleVariables[role]).some((v) => v.name === name && v.secret);
        if (secret && value.length > 2) assert.ok(!JSON.stringify(result.problems).includes(value));
      }
    });
  }
}

for (const role of roleNames) {
  const names = Object.values(roleVariables[role]).map((v) => v.name);
  const { [names[0]!]: _, ...base } = good[role];

  test(`${role}: every variable has values in the tables above that it refuses`, () => {
    const anyText = ["CLUSTER_NAME"]; // free text: what it refuses is a line break, tried below
    const tabled = [...Object.keys(bad[role]), ...Object.keys(badAnywhere), ...anyText];
    assert.deepEqual(names.filter((n) => !tabled.includes(n)), []);
  });

  test(`${role}: each variable given twice, or from a file that cannot be read, is refused by its name`, () => {
    for (const name of names) {
      const twice = check(role, { ...base, [name]: "other", [`${name}_FILE`]: "/run/secrets/x" });
      assert.ok(!twice.ok && twice.problems.some((p) => p.message === `${name} and ${name}_FILE are both set`), name);
      const { [name]: _, ...without } = good[role];
      const unread = check(role, { ...without, [`${name}_FILE`]: "/run/secrets/x" });
      const said = `${name}_FILE names /run/secrets/x, which cannot be read (ENOENT)`;
      assert.ok(!unread.ok && unread.problems.some((p) => p.message === said && p.fix !== ""), name);
    }
  });

  test(`${role}: no variable takes a line break, and any text is taken or refused by name, never a crash`, () => {
    for (const name of names) {
      const broken = check(role, { ...good[role], [name]: "a\nport = 1" });
      assert.ok(!broken.ok && broken.problems.some((p) => p.message.includes(name)), name);
    }
    fc.assert(fc.property(fc.constantFrom(...names), fc.string({ unit: "binary", minLength: 1 }), (name, text) => {
      const result = check(role, { ...good[role], [name]: text });
      assert.ok(result.ok || result.problems.every((p) => p.message !== "" && p.fix !== ""), name);
    }));
  });
}

test("a node without NODE_ID takes it from a name with a number after a dash, and needs one of the two", () => {
  const { NODE_ID: _, ...rest } = good["postgres-node"];
  const id = (name: string) => {
    const result = check("postgres-node", { ...rest, NODE_NAME: name });
    return result.ok ? /id (\d+)/.exec(result.summary)?.[1] : undefined;
  };
  assert.equal(id("node-102"), "1102");
  assert.equal(id("node-08"), "1008");
  assert.equal(id("pg-2-db"), "1002");
  assert.equal(id("node-1-2"), "1002");
  assert.equal(id("node1"), undefined);
  assert.equal(id("102"), undefined);
});

test("barman's missing variables have the exit codes of 1.x, the first one decides", () => {
  const names = ["REPLICATION_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"];
  const result = check("barman", {});
  assert.ok(!result.ok);
  assert.deepEqual(result.problems.map((p) => [p.variable, p.exitCode]), names.map((n, i) => [n, i + 1]));
});

test("every variable of every role has its documentation, and a default it would accept itself", () => {
  for (const role of roleNames) {
    for (const variable of Object.values(roleVariables[role])) {
      assert.ok(variable.doc.endsWith("."), `${variable.name}: ${variable.doc}`);
      assert.notEqual(variable.accepts, "", variable.name);
      const { fallback, defaultText } = variable;
      if (
        ["string", "number"].includes(typeof fallback) && String(fallback) !== "" && defaultText === String(fallback)
      ) {
        assert.deepEqual(variable.parse(defaultText, "environment"), fallback, variable.name);
      }
    }
  }
});

/** Paths of files whose contents are looked at again and again. */
const watched = ["TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"];

test("no name is declared twice in a role, and none ends in _FILE but those of files that are watched", () => {
  for (const role of roleNames) {
    const names = Object.values(roleVariables[role]).map((v) => v.name);
    assert.equal(new Set(names).size, names.length, role);
    assert.deepEqual(names.filter((n) => n.endsWith("_FILE") && !watched.includes(n)), []);
  }
});
