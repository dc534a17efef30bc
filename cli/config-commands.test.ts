// What `config check` finds in an environment before anything of the container is asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkEnvironment } from "./config-commands.ts";

const readFile = (path: string): string => {
  throw Object.assign(new Error(path), { code: "ENOENT" });
};
const node = { NODE_ID: "1", NODE_NAME: "node1" };
const check = (role: Parameters<typeof checkEnvironment>[0], environment: Record<string, string>) =>
  checkEnvironment(role, { environment, readFile }, "host");

test("settings that PostDock sets itself are problems, each with what to do instead", () => {
  const { problems } = check("postgres-node", { ...node, CONFIGS: "port:1,primary_conninfo:x,work_mem:4MB" });
  assert.deepEqual(problems.map((p) => /sets (\w+)/.exec(p.message)?.[1]), ["port", "primary_conninfo"]);
  assert.ok(problems.every((p) => p.fix !== ""));
});

test("settings of older versions are warnings", () => {
  assert.match(check("postgres-node", { ...node, CONFIGS: "wal_keep_segments:2" }).warnings[0]!, /wal_keep_size:32MB/);
  const pgpool = check("pgpool", { CHECK_PASSWORD: "own", CONFIGS: "master_slave_mode:on,socket_dir:/tmp" });
  assert.deepEqual(pgpool.problems, []);
  assert.equal(pgpool.warnings.length, 2);
});

test("a name that pgpool does not know is a problem, since pgpool would ignore it", () => {
  assert.match(check("pgpool", { CONFIGS: "max_poll:4" }).problems[0]!.message, /max_poll/);
});

test("a password that everybody knows is a warning that names its variable", () => {
  const named = (role: Parameters<typeof check>[0], environment: Record<string, string>) =>
    check(role, environment).warnings.map((w) => w.split(" ")[0]);
  assert.deepEqual(named("postgres-node", { ...node, POSTGRES_PASSWORD: "monkey_pass" }), [
    "POSTGRES_PASSWORD",
    "REPLICATION_PASSWORD",
  ]);
  assert.deepEqual(named("postgres-node", { ...node, REPLICATION_PASSWORD: "a secret" }), []);
  assert.deepEqual(named("pgpool", { CHECK_PASSWORD: "own", DB_USERS: "ann:x,bob:monkey_pass" }), ["DB_USERS"]);
});

test("a whole environment has a summary and no problem", () => {
  const found = check("postgres-node", node);
  assert.deepEqual(found.problems, []);
  assert.equal(found.summary, "node node1, id 1, reached as host");
});
