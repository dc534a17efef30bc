// Tests of pgpool's files and of how its output is read: same input, same bytes; no value becomes another setting.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readConfig } from "../../../config/env.ts";
import { usualVersions } from "../../../config/image-versions.ts";
import { completePgpoolConfig, type PgpoolConfig, pgpoolVariables } from "../../../config/pgpool.ts";
import { decideConnections } from "../decide/connections.ts";
import { parseNodeInfo } from "./node-info.ts";
import { outputLevel, unknownUser } from "./output.ts";
import { judgeSettings, renderPgpoolConf, renderPoolHba, renderStatusFile, withCheckPassword } from "./pgpool-conf.ts";

function config(environment: Record<string, string>): PgpoolConfig {
  const read = readConfig(pgpoolVariables, { environment, readFile: () => "" });
  assert.ok(read.ok);
  const done = completePgpoolConfig(read.config, "pool");
  assert.ok(done.ok);
  return done.config;
}
const example = config({ BACKENDS: "0:pgmaster::::,3:pgslave3::::,1:pgslave1:5433:2" });
const lineOf = (text: string, name: string) => text.split("\n").filter((l) => l.startsWith(`${name} = `));

test("the same input gives the same bytes, and CONFIGS has the last word", () => {
  const settings = [{ name: "num_init_children", value: "64" }];
  const text = renderPgpoolConf(example, settings);
  assert.equal(text, renderPgpoolConf(example, settings));
  assert.deepEqual(lineOf(text, "num_init_children"), ["num_init_children = 64"]);
  assert.deepEqual(lineOf(text, "max_pool"), ["max_pool = 15"]);
  assert.deepEqual(lineOf(text, "backend_port1"), ["backend_port1 = 5433"]);
  assert.deepEqual(lineOf(text, "backend_weight3"), ["backend_weight3 = 1"]);
});

test("no value of a setting can make another setting", () => {
  const printable = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((c) => String.fromCharCode(c)) });
  fc.assert(fc.property(printable, (value) => {
    const lines = lineOf(renderPgpoolConf(example, [{ name: "ssl_cert", value }]), "ssl_cert");
    if (/^(-?\d+(\.\d+)?|on|off)$/.test(value)) return lines[0] === `ssl_cert = ${value}`;
    const quoted = /^ssl_cert = '((?:[^'\\]|\\['\\])*)'$/.exec(lines[0] ?? "");
    return lines.length === 1 && quoted?.[1]?.replaceAll(/\\(.)/g, "$1") === value;
  }));
});

test("pgpool asks the backends for TLS unless CONFIGS says otherwise, and that it has no certificate is not warned about", () => {
  assert.deepEqual(lineOf(renderPgpoolConf(example, []), "ssl"), ["ssl = on"]);
  assert.deepEqual(lineOf(renderPgpoolConf(example, [{ name: "ssl", value: "off" }]), "ssl"), ["ssl = off"]);
  const complaint = (path: string) => `WARNING:  could not load server certificate file "${path}": No such file`;
  assert.equal(outputLevel(complaint("")), "DEBUG");
  assert.equal(outputLevel(complaint("/tls/pool.crt")), "WARNING");
});

test("with TLS pgpool shows its certificate, and checks the backends' where every connection has to have TLS", () => {
  const has = (tls: PgpoolConfig["tls"]) =>
    ["ssl_cert", "ssl_key", "ssl_ca_cert"].flatMap((name) => lineOf(renderPgpoolConf({ ...example, tls }, []), name));
  assert.deepEqual(has("off"), []);
  const own = ["ssl_cert = '/run/postdock/tls/server.crt'", "ssl_key = '/run/postdock/tls/server.key'"];
  assert.deepEqual(has("prefer"), own);
  for (const tls of ["auto", "require"] as const) {
    assert.deepEqual(has(tls), [...own, "ssl_ca_cert = '/run/postdock/tls/ca.crt'"]);
  }
  const refused = (tls: PgpoolConfig["tls"]) =>
    /^hostnossl all all all reject$/m.test(renderPoolHba({ tls, poolAuth: "users" }));
  assert.deepEqual((["off", "auto", "prefer", "require"] as const).filter(refused), ["require"]);
});

test("with POOL_AUTH=password clients with TLS send their password, before all others prove it by SCRAM", () => {
  const lines = (poolAuth: PgpoolConfig["poolAuth"]) => renderPoolHba({ tls: "auto", poolAuth }).split("\n");
  assert.deepEqual(lines("password").slice(1, 3), ["hostssl all all all password", "host all all all scram-sha-256"]);
  assert.ok(!lines("users").join().includes(" password"));
});

test("POOL_AUTH=password is refused where pgpool has no TLS", () => {
  const problems = (environment: Record<string, string>) => {
    const read = readConfig(pgpoolVariables, {
      environment: { POOL_AUTH: "password", ...environment },
      readFile: () => "",
    });
    assert.ok(read.ok);
    const done = completePgpoolConfig(read.config, "pool");
    return done.ok ? [] : done.problems.map((p) => p.variable);
  };
  assert.deepEqual(problems({}), ["POOL_AUTH"]);
  assert.deepEqual(problems({ TLS: "auto" }), []);
  assert.deepEqual(problems({ CONFIGS: "ssl:on,ssl_cert:/c,ssl_key:/k" }), []);
});

test("the query cache takes memory only where it is switched on", () => {
  assert.deepEqual(lineOf(renderPgpoolConf(example, []), "memqcache_total_size"), ["memqcache_total_size = '1MB'"]);
  assert.deepEqual(
    lineOf(renderPgpoolConf(example, [{ name: "memory_cache_enabled", value: "ON" }]), "memqcache_total_size"),
    [],
  );
});

test("names pgpool would ignore are refused, old ones translated, ours kept", () => {
  const judge = (name: string) => judgeSettings([{ name, value: "x" }], usualVersions);
  assert.match(judge("num_init_childen").refused[0] ?? "", /no setting num_init_childen/);
  assert.match(judge("backend_hostname0").refused[0] ?? "", /BACKENDS/);
  assert.equal(judge("port").refused.length, 1);
  assert.deepEqual(judge("black_function_list").settings, [{ name: "write_function_list", value: "x" }]);
  assert.equal(judge("master_slave_mode").warnings.length, 1);
  assert.deepEqual(judge("health_check_period0").settings.length, 1);
  assert.equal(judge("constructor").refused.length, 1);
});

test("a setting has the name of this version, and one that it lacks is neither written nor taken", () => {
  const names = (pgpool: string) =>
    renderPgpoolConf({ ...example, imageVersions: { ...usualVersions, pgpool } }, []).split("\n").map((l) =>
      l.split(" ")[0]!
    );
  const of = (pgpool: string) =>
    names(pgpool).filter((n) => /socket_dir|^logdir|^work_dir|^log_pcp/.test(n) && n !== "pcp_socket_dir").sort();
  assert.deepEqual(of("4.3"), ["logdir", "socket_dir"]);
  assert.deepEqual(of("4.6"), ["log_pcp_processes", "logdir", "unix_socket_directories"]);
  assert.deepEqual(of("4.7"), ["log_pcp_processes", "unix_socket_directories", "work_dir"]);
  const judge = (name: string, pgpool: string) => judgeSettings([{ name, value: "x" }], { pgpool }).refused;
  assert.deepEqual(judge("process_management_mode", "4.3"), ["pgpool-II 4.3 has no setting process_management_mode"]);
  assert.deepEqual(judge("process_management_mode", "4.6"), []);
  assert.deepEqual(judge("recovery_database", "4.6"), ["pgpool-II 4.6 has no setting recovery_database"]);
  assert.deepEqual(judge("recovery_database", "4.7"), []);
});

test("the status file has a line for every number up to the highest", () => {
  assert.equal(renderStatusFile([0, 3, 1], new Set([3])), "down\ndown\nunused\nup\n");
});

test("parseNodeInfo() reads 4.6, gaps included, and refuses what it does not know", () => {
  const text = [
    "n1 5432 2 0.333333 up unknown standby unknown 0 none none 2026-11-23 08:53:52",
    "n2 5432 1 0.333333 waiting unknown primary unknown 0 none none 2026-11-23 08:53:52",
    " 0 0 0.000000 unused unknown standby unknown 0 none none 2026-11-23 08:53:52",
    "n3 5432 3 0.333333 down unknown standby unknown 0 none none 2026-11-23 08:53:52",
    "",
  ].join("\n");
  assert.deepEqual(parseNodeInfo(text), [
    { id: 0, status: "up", role: "standby" },
    { id: 1, status: "waiting", role: "primary" },
    { id: 3, status: "down", role: "standby" },
  ]);
  assert.throws(() => parseNodeInfo("n1 5432 2 up\n"), /unknown line/);
});

test("lines that each child prints at every change are only logged at DEBUG; warnings and errors stay visible", () => {
  assert.equal(outputLevel("LOG:  failover or failback event detected"), "DEBUG");
  assert.equal(outputLevel("LOG:  === Starting degeneration. shutdown host n1(5432) ==="), "INFO");
  assert.equal(outputLevel("FATAL:  failed to create a backend connection"), "WARNING");
  assert.equal(outputLevel("ERROR:  process started badly"), "WARNING");
});

test("connections that do not fit are warned about, by the users in use", () => {
  assert.equal(decideConnections({ children: 32, maxPool: 15, users: 1, available: 97 }), null);
  assert.match(decideConnections({ children: 32, maxPool: 15, users: 4, available: 97 }) ?? "", /128 connections/);
  assert.equal(decideConnections({ children: 32, maxPool: 2, users: 4, available: Number.NaN }), null);
});

test("settings of CONFIGS that have no effect are warned about, with what they need; those that have are not", () => {
  const warned = (...settings: [string, string][]) =>
    judgeSettings(settings.map(([name, value]) => ({ name, value })), usualVersions).idle.join("; ");
  assert.match(warned(["allow_clear_text_frontend_auth", "on"]), /has no effect: pool_hba\.conf.*DB_USERS/);
  assert.match(warned(["wd_priority", "1"]), /wd_priority has no effect: .*watchdog/);
  assert.match(warned(["health_check_timeout", "5"]), /health_check_period is off/);
  assert.equal(warned(["health_check_timeout", "5"], ["health_check_period", "10"]), "");
  assert.match(warned(["ssl_cert", "/c"], ["ssl", "off"]), /ssl is off/);
  assert.equal(warned(["num_init_children", "64"], ["ssl", "on"], ["ssl_cert", "/c"]), "");
});

test("a login of a user that pgpool does not know is recognised in its log", () => {
  assert.equal(unknownUser('DETAIL:  pool_passwd file does not contain an entry for "new"'), "new");
  assert.equal(unknownUser('DETAIL:  username "new" or password does not exist in backend'), null);
});

test("pgpool.conf has the present password of the checks once, unless CONFIGS sets it", () => {
  const plain = renderPgpoolConf(example, []);
  const first = withCheckPassword(plain, "app:AESapp=\nreplication_user:AESfirst=\n", "replication_user");
  assert.ok(first.startsWith(plain));
  const second = withCheckPassword(first, "replication_user:AESsecond=\n", "replication_user");
  for (const name of ["health_check_password", "sr_check_password"]) {
    assert.deepEqual([first, second].map((text) => lineOf(text, name)), [[`${name} = 'AESfirst='`], [
      `${name} = 'AESsecond='`,
    ]]);
  }
  const given = renderPgpoolConf(example, [{ name: "sr_check_password", value: "mine" }]);
  const both = withCheckPassword(given, "replication_user:AESfirst=\n", "replication_user");
  assert.deepEqual(lineOf(both, "sr_check_password"), ["sr_check_password = 'mine'"]);
  assert.equal(withCheckPassword(first, "", "replication_user"), plain);
});
