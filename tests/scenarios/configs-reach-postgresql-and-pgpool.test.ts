// Promise: CONFIGS of nodes and of pgpool reach the running servers, with any delimiter, quotes, and names of older versions;
// what PostgreSQL refuses stops the container before anything is touched.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { executableMount, firstLevel, nodes, prefix } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { docker, exec, logsOf, tryExec } from "../support/docker.ts";
import { resultOf } from "../support/faults/operator.ts";
import { wholeMs } from "../support/waits.ts";
import { attempt } from "../../tools/terminal.ts";

const deps = { clock: systemClock };

const image = "postdock/postgres:latest";
const base = [
  "-e",
  "NODE_ID=1",
  "-e",
  "NODE_NAME=node1",
  "-e",
  "POSTGRES_PASSWORD=secret-of-the-test",
  ...executableMount,
];

async function runOnce(
  environment: readonly string[],
  options: readonly string[] = [],
): Promise<{ code: number | null; text: string }> {
  const argv = ["docker", "run", "--rm", ...base, ...environment.flatMap((e) => ["-e", e]), ...options, image];
  const result = await attempt(argv, { timeoutMs: 60_000 });
  return { code: result.code, text: result.stdout + result.stderr };
}

test("CONFIGS reach PostgreSQL and pgpool", async () => {
  const cluster = await exampleCluster();
  // the example sets PostgreSQL's own default, so only the source shows whether it was set
  const set = "select setting, source from pg_settings where name = 'max_replication_slots'";
  assert.equal(await cluster.psql("pgmaster", set), "10|configuration file");
  assert.match(await cluster.psql("pgmaster", "show shared_preload_libraries"), /^repmgr/);
  const shown = await exec(await cluster.container("pgpool"), [
    "bash",
    "-c",
    'PGPASSWORD=$CHECK_PASSWORD psql -U $CHECK_USER -h localhost template1 -XAtc "pgpool show max_pool"',
  ]);
  assert.equal(shown.trim(), "2");
});

test("pgpool counts its sessions, and names the way in for a user that it does not know", async () => {
  const cluster = await exampleCluster();
  const pgpool = await cluster.container("pgpool");
  await cluster.psql(await cluster.waitWhole(), "create role late login password 'late-pass'");
  const login = ["env", "PGPASSWORD=late-pass", "psql", "-h", "localhost", "-U", "late", "monkey_db", "-c", "select 1"];
  const refused = await tryExec(pgpool, login);
  assert.match(refused.stderr, /pool_passwd file does not contain an entry for "late"/);
  const named = async () =>
    /pgpool does not know the user","user":"late","fix":"add .* to DB_USERS/.test(await logsOf(pgpool));
  await waitUntil(named, { what: "the log to name DB_USERS", deadlineMs: 30_000 }, deps);
  const untilTold = "while test ! -e /tmp/told; do sleep 0.1; done; rm /tmp/told";
  const held =
    `PGPASSWORD=$CHECK_PASSWORD psql -U $CHECK_USER -h localhost postgres -c "select 1" -c '\\! ${untilTold}'`;
  const open = tryExec(pgpool, ["bash", "-c", held], 60_000);
  const busy = async () => /^pgpool2_frontend_used\{.*\} [1-9]/m.test(await exec(pgpool, ["postdock", "metrics"]));
  await waitUntil(busy, { what: "a session to be counted", deadlineMs: 30_000, everyMs: 200 }, deps);
  assert.match(await exec(pgpool, ["postdock", "metrics"]), /^postdock_pgpool_login_ok 1$/m);
  await exec(pgpool, ["touch", "/tmp/told"]);
  assert.equal((await open).code, 0);
  await cluster.psql(await cluster.waitWhole(), "drop role late");
});

test("a pool whose sessions are used up counts them, and doctor names the setting", async () => {
  const cluster = await exampleCluster();
  const small = `${prefix}-smallpool`;
  await attempt(["docker", "rm", "-fv", small], { timeoutMs: 30_000 });
  const like = await docker(["inspect", "--format", "{{json .Config.Env}}", await cluster.container("pgpool")]);
  const environment = (JSON.parse(like) as string[]).filter((e) => !/^(CONFIGS|SSH_ENABLE)=/.test(e));
  const given = [...environment, "CONFIGS=num_init_children:2,max_pool:1,allow_clear_text_frontend_auth:on"].flatMap((
    e,
  ) => ["-e", e]);
  const network = ["--network", await cluster.network()];
  await docker(["run", "-d", "--name", small, ...network, ...executableMount, ...given, "postdock/pgpool:latest"]);
  try {
    const login = 'PGPASSWORD=$CHECK_PASSWORD psql -X -U $CHECK_USER -h localhost postgres -c "select pg_sleep(120)"';
    const used = async (share: number) => {
      const { stdout } = await tryExec(small, ["postdock", "metrics"]);
      return /^pgpool2_frontend_total 2$/m.test(stdout) && stdout.includes(`\npgpool2_frontend_used_ratio ${share}\n`);
    };
    await waitUntil(() => used(0), { what: "the small pool to serve", deadlineMs: 60_000 }, deps);
    assert.match(await logsOf(small), /allow_clear_text_frontend_auth has no effect: .*DB_USERS/);
    for (let i = 0; i < 2; i++) await docker(["exec", "-d", small, "bash", "-c", login]);
    await waitUntil(() => used(1), { what: "both sessions to be counted", deadlineMs: 60_000 }, deps);
    const { code, stdout } = await tryExec(small, ["postdock", "cluster", "doctor"]);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^error: .*: all 2 sessions are in use, and the next client waits\n.*\n\s*fix: raise num_init_children/m,
    );
  } finally {
    await attempt(["docker", "rm", "-fv", small], { timeoutMs: 30_000 });
  }
});

test("a setting that is raised on the primary alone stops no standby", async () => {
  const cluster = await exampleCluster();
  const raised = await cluster.waitWhole();
  const other = firstLevel.find((n) => n !== raised)!;
  const switchover = async (to: string) => {
    await resultOf(cluster, "switchover", "--to", to);
    assert.equal(await cluster.waitWhole(), to);
  };
  const have = async (value: string) => {
    const shown = nodes.map((n) => cluster.psql(n, "show max_connections").catch(() => null));
    return (await Promise.all(shown)).every((v) => v === value);
  };
  await cluster.psql(raised, "alter system set max_connections = 130");
  try {
    await switchover(other); // it starts again, and has the setting from now on
    await switchover(raised);
    const what = "every node to have been started with what the primary has";
    await waitUntil(() => have("130"), { what, deadlineMs: wholeMs }, deps);
    assert.equal(await cluster.waitWhole(), raised);
    await cluster.psql(raised, "create table raised (n int)");
    const replayed = async (name: string) => await cluster.psql(name, "select to_regclass('raised')") === "raised";
    for (const name of nodes) {
      await waitUntil(() => replayed(name), { what: `${name} to replay`, deadlineMs: 60_000 }, deps);
    }
    await cluster.psql(raised, "drop table raised");
    await switchover(other); // also a standby with the raised setting leads
  } finally {
    await cluster.psql(raised, "alter system reset max_connections");
  }
  // it comes down by what doctor says of each node; a primary that loses its lease meanwhile is promoted, and has to be told again
  await cluster.psql(raised, "select pg_reload_conf()");
  const told = async (node: string, said: RegExp) => {
    const container = await cluster.container(node);
    if (!said.test((await tryExec(container, ["postdock", "cluster", "doctor"])).stdout)) return false;
    await tryExec(container, ["gosu", "postgres", "pg_ctl", "stop"]);
    return true;
  };
  const waits = { what: "doctor to say that a setting waits for a restart", deadlineMs: 60_000 };
  await waitUntil(() => told(raised, new RegExp(`${raised}: max_connections waits .*pg_ctl stop`, "s")), waits, deps);
  const isLow = async () => {
    if (await have("100")) return true;
    const primary = await cluster.waitWhole();
    await told(primary, new RegExp(`on ${primary} max_connections is 130 and not 100: raised.*pg_ctl stop`, "s"));
    return false;
  };
  await waitUntil(isLow, { what: "every node to have the lower value", deadlineMs: 2 * wholeMs, everyMs: 1_000 }, deps);
  await cluster.waitWhole();
});

test("CONFIGS takes other symbols, quotes and older names; scripts see the environment; WAL files may have another size", async () => {
  const name = `${prefix}-configs`;
  await attempt(["docker", "rm", "-fv", name], { timeoutMs: 30_000 });
  const environment = [
    "POSTGRES_INITDB_ARGS=--wal-segsize=64 --locale-provider=icu --icu-locale=de-DE",
    "POSTDOCK_PORT=8181",
    "CONFIGS_DELIMITER_SYMBOL=;",
    "CONFIGS_ASSIGNMENT_SYMBOL==",
    "CONFIGS=work_mem=5MB;log_line_prefix='%m; [%p] ';wal_keep_segments=7;search_path='\"$user\", public'",
  ];
  // as in the official image, a script of the first start sees every variable of the container
  const script = "psql -c \"create role app password '$APP_PW'\"";
  const scripts = await mkdtemp(join(tmpdir(), "initdb-"));
  await writeFile(join(scripts, "app.sh"), script);
  await chmod(scripts, 0o755);
  const mounts = ["-e", "APP_PW=of-the-script", "-v", `${scripts}:/docker-entrypoint-initdb.d`];
  await docker(["run", "-d", "--name", name, ...base, ...environment.flatMap((e) => ["-e", e]), ...mounts, image]);
  try {
    const psql = (setting: string) => exec(name, ["psql", "-U", "postgres", "-XAtc", `show ${setting}`]);
    await exec(name, ["wait_local_postgres"], 60_000);
    assert.equal((await psql("work_mem")).trim(), "5MB");
    assert.equal((await psql("log_line_prefix")).replace(/\n$/, ""), "%m; [%p] ");
    assert.equal((await psql("wal_keep_size")).trim(), "112MB");
    assert.equal((await psql("search_path")).trim(), '"$user", public');
    const conf = await exec(name, ["cat", "/var/lib/postgresql/data/postgresql.conf"]);
    assert.match(conf, /^max_connections = 100$/m, "numbers stand as people's scripts look for them");
    assert.equal((await psql("wal_segment_size")).trim(), "64MB");
    const query = (sql: string) => exec(name, ["psql", "-U", "postgres", "-XAtc", sql]);
    assert.equal((await query("select datlocprovider from pg_database where datname = 'postgres'")).trim(), "i");
    await exec(name, ["bash", "-c", "exec 3<> /dev/tcp/localhost/8181"]);
    assert.match(await exec(name, ["postdock", "cluster", "show"]), /serving as primary/);
    const { stdout: found } = await tryExec(name, ["postdock", "cluster", "doctor"]);
    assert.match(
      found,
      /\/dev\/shm has 64\.0 MB, with which parallel queries fail: .*\n\s*consequence: .*\n\s*fix: set shm_size/,
    );
    await docker(["kill", name]);
    await docker(["start", name]);
    const inRecovery = ["psql", "-U", "postgres", "-XAtc", "select pg_is_in_recovery()"];
    const leads = async () => (await tryExec(name, inRecovery)).stdout.trim() === "f";
    await waitUntil(leads, { what: "the node to lead again after a kill", deadlineMs: 60_000 }, deps);
    assert.doesNotMatch(await logsOf(name), /The end of WAL could not be read/);
    const stored = "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'app'";
    assert.equal((await exec(name, ["psql", "-U", "postgres", "-XAtc", stored])).trim(), "t");
  } finally {
    await docker(["rm", "-fv", name]);
    await rm(scripts, { recursive: true });
  }
});

test("CONFIGS that PostgreSQL refuses stop the container before anything is touched", async () => {
  const unknown = await runOnce(["CONFIGS=no_such_setting:1"]);
  assert.equal(unknown.code, 78);
  assert.match(unknown.text, /no_such_setting/);
  const value = await runOnce(["CONFIGS=work_mem:many"]);
  assert.equal(value.code, 78);
  assert.match(value.text, /work_mem/);
  const reserved = await runOnce(["CONFIGS=port:5433"]);
  assert.equal(reserved.code, 78);
  assert.match(reserved.text, /port/);
  const library = await runOnce(["CONFIGS=shared_preload_libraries:'pg_stat_statements,no_such_library'"]);
  assert.equal(library.code, 78);
  assert.match(library.text, /no_such_library.*which is not in this image/);
  const outside = await runOnce(["POSTGRES_INITDB_ARGS=--waldir=/wal"]);
  assert.equal(outside.code, 78);
  assert.match(outside.text, /POSTGRES_INITDB_ARGS.*--waldir/);
  const mounted = await runOnce([], ["-v", "/var/lib/postgresql/data/pg_wal"]);
  assert.equal(mounted.code, 78);
  assert.match(mounted.text, /data\/pg_wal is a volume inside PGDATA, which is not supported/);
  const log = await runOnce([], [
    "--tmpfs",
    "/var/lib/postgresql/data/pg_stat_tmp",
    "-v",
    "/var/lib/postgresql/data/log",
  ]);
  assert.equal(log.code, 78);
  assert.match(log.text, /data\/(log|pg_stat_tmp), \S*data\/(log|pg_stat_tmp) are volumes inside PGDATA/);
  for (const { text } of [outside, mounted, log, unknown, value, reserved, library]) {
    assert.notEqual(text, "");
    assert.doesNotMatch(text, /making a fresh cluster/);
    assert.doesNotMatch(text, /secret-of-the-test/);
  }
});
