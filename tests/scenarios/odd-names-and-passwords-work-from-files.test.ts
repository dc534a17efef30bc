// Promise: every variable may come from a file, and a node's host may be renamed. Names and passwords may contain syntax of SQL,
// libpq, shells and configuration files. The cluster, its pool and its backup still work, also if every host has to use TLS.
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import { waitReceiving } from "../support/barman.ts";
import { Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { discard, startMs } from "../support/clusters.ts";
import { madeCertificates, tlsInside, tlsSettings } from "../support/certificates.ts";
import {
  allOf,
  type ComposeFile,
  type Edit,
  mount,
  nodesOf,
  serviceOf,
  setEnvironment,
} from "../support/compose-file.ts";
import { docker, exec, logsOf, logsSince, tryExec } from "../support/docker.ts";
import { answerQuestions, startsWithoutDns } from "../support/silent-dns.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const directory = join(root, "tests", ".work", "given");
const inside = "/etc/given";
const certificates = await madeCertificates("tls-odd");
const odd: Readonly<Record<string, string>> = {
  replication_db: `re"pl-db$x;#,{}`,
  replication_user: `r"ep-l$(id);#ü`,
  replication_pass: `p a's"s\\:%$w=o{r}#d;\`id\`,`,
  monkey_db: `m"db'$y\\;--`,
  monkey_user: `m"onk'ey$z\\,é`,
  monkey_pass: ` lead:ing'"\\ $HOME %s#;=end `,
  pcp_user: `pcp"u's$er\\ x`,
  pcp_pass: `"pcp' :$p\\w`,
  pg_cluster: `c'l"u $t\\er`,
};

/** Every variable of the Compose file into a file of its own; the container gets only NAME_FILE. Returns the files' texts. */
function intoFiles(file: ComposeFile, replaced: Readonly<Record<string, string>>): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [service, { environment = {} }] of Object.entries(file.services)) {
    for (const [variable, given] of Object.entries(environment)) {
      const plain = `${given}`.replace(/^\$\{\w+:-(.*)\}$/, "$1"); // as Compose reads it, without such a variable
      if (plain === "") continue; // an empty variable counts as unset, and an empty file of a secret is refused
      const value = Object.entries(replaced).reduce((text, [from, to]) => text.replaceAll(from, () => to), plain);
      texts.set(`${service}-${variable}`, `${value}\n`);
      setEnvironment(file, service, { [variable]: null, [`${variable}_FILE`]: `${inside}/${service}-${variable}` });
    }
    mount(file, service, `${directory}:${inside}:ro`);
  }
  return texts;
}

const smaller: Edit = (file) =>
  setEnvironment(file, "pgpool", {
    CHECK_USER: "replication_user",
    CHECK_PASSWORD: "replication_pass",
    REQUIRE_MIN_BACKENDS: 3,
    BACKENDS: "0:pgmaster:5432:1:/var/lib/postgresql/data:ALLOW_TO_FAILOVER,1:pgslave1::::,3:pgslave3::::",
  });

const scripts = join(root, "tests", ".work", "hostssl");

/** Every node has TLS, and pg_hba.conf lets nobody in without. */
const withTls: Edit = (file) => {
  for (const node of nodesOf(file)) {
    const own = serviceOf(file, node).environment?.CONFIGS;
    setEnvironment(file, node, { CONFIGS: [...own === undefined ? [] : [own], tlsSettings()].join(",") });
    mount(file, node, `${certificates}:${tlsInside}:ro`, `${scripts}:/docker-entrypoint-initdb.d:ro`);
  }
};

let cluster = await Cluster.prepare({ name: "odd" });
after(() => discard(cluster));

/** Starts the services with these words replaced, and with further changes. */
async function use(replaced: Readonly<Record<string, string>>, more: readonly string[], change?: Edit): Promise<void> {
  let texts = new Map<string, string>();
  const files: Edit = (file) => void (texts = intoFiles(file, replaced));
  cluster = await Cluster.prepare({ name: "odd", edit: allOf(smaller, withTls, change ?? null, files) });
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const [name, text] of texts) await writeFile(join(directory, name), text);
  await cluster.composeRun(["up", "-d", ...more, ...nodes, "pgpool", "backup"], 180_000);
}

const sql = (node: string, query: string) => cluster.psql(node, query, odd.monkey_db);

/** A query through pgpool as the application's user would send it, name and password read from the files. */
async function throughPool(query: string): Promise<string> {
  const value = (name: string) => `"$(cat ${inside}/${name})"`;
  const script = `PGPASSWORD=${value("pgmaster-POSTGRES_PASSWORD")} psql -XAtq -h localhost -U ${
    value("pgmaster-POSTGRES_USER")
  } -d ${value("pgmaster-POSTGRES_DB")} -c "${query}"`;
  return (await exec(await cluster.container("pgpool"), ["bash", "-c", script])).trim();
}

test("a cluster that starts while DNS swallows all questions says so, and starts as soon as names resolve", async () => {
  await cluster.down(); // left by an interrupted run
  await mkdir(scripts, { recursive: true });
  await writeFile(join(scripts, "hostssl.sh"), 'sed -i "s/^host /hostssl /" "$(psql -XAtc "show hba_file")"\n');
  await use(odd, [], startsWithoutDns(nodes));
  const first = await cluster.container("pgmaster");
  let said = "";
  const named = async () => {
    said = (await tryExec(first, ["postdock", "cluster", "doctor"])).stdout;
    return /DNS does not answer/.test(said);
  };
  await waitUntil(named, { what: "doctor to name DNS", deadlineMs: wholeMs, everyMs: 1_000, why: () => said }, deps);
  for (const node of nodes) await exec(await cluster.container(node), ["bash", "-c", answerQuestions]);
  assert.equal(await cluster.waitWhole(startMs, nodes), "pgmaster");
});

test("odd names and passwords from files, and TLS: the cluster replicates, the pool serves, barman checks", async () => {
  assert.equal(await cluster.waitWhole(startMs, nodes), "pgmaster");
  await cluster.waitPool(nodes);
  assert.equal(await throughPool("create table t (i int); insert into t values (1) returning i"), "1");
  assert.equal(await throughPool("select current_user"), odd.monkey_user);
  const pcp = `cd /tmp && user=$(cat ${inside}/pgpool-PCP_USER) && pass=$(cat ${inside}/pgpool-PCP_PASSWORD) &&
    escape() { sed 's/[:\\\\]/\\\\&/g' <<< "$1"; } && (umask 77 &&
    printf '*:*:%s:%s\\n' "$(escape "$user")" "$(escape "$pass")" > pcppass) &&
    PCPPASSFILE=/tmp/pcppass pcp_node_count -h localhost -w -U "$user"`;
  assert.equal((await exec(await cluster.container("pgpool"), ["bash", "-c", pcp])).trim(), "4");
  const shown = await exec(await cluster.container("pgmaster"), ["gosu", "postgres", "repmgr", "cluster", "show"]);
  assert.match(shown, /node4/);
  const types = "select string_agg(distinct type, ',' order by type) from pg_hba_file_rules";
  for (const node of nodes) assert.equal(await sql(node, types), "hostssl,local");
  const backup = await cluster.container("backup");
  await waitUntil(
    async () => {
      await exec(backup, ["barman", "switch-wal", "--force", "pg_cluster"]).catch(() => "");
      return await exec(backup, ["barman", "check", "pg_cluster"]).then(() => true, () => false);
    },
    { what: "barman check to be green", deadlineMs: 60_000, everyMs: 2_000 },
    deps,
  );
});

test("a failover and a switchover work with odd names and TLS, and each time the old primary comes back", async () => {
  const node = await cluster.container("pgmaster");
  const before = await logsOf(node);
  await cluster.disconnect("pgmaster");
  await sql("pgmaster", "checkpoint"); // WAL that no other node gets
  await cluster.kill("pgmaster");
  const lead = await cluster.waitSuccessor("pgmaster", nodes, wholeMs);
  await cluster.connect("pgmaster");
  await cluster.start("pgmaster");
  assert.equal(await cluster.waitWhole(undefined, nodes), lead);
  assert.match(await logsSince(node, before), /"event":"Rejoined".*"way":"rewind/);
  await exec(node, ["postdock", "cluster", "switchover", "--to", "pgmaster"], 90_000);
  assert.equal(await cluster.waitWhole(undefined, nodes), "pgmaster");
  await cluster.waitPool(nodes);
  const named = /the certificate \/etc\/tls\/server\.crt ends at 20/; // in two days
  assert.match((await tryExec(node, ["postdock", "cluster", "doctor"])).stdout, named);
  await waitUntil(() => throughPool("insert into t values (2) returning i").then((i) => i === "2", () => false), {
    what: "a write through the pool",
    deadlineMs: 60_000,
  }, deps);
});

test("with hostnossl lines alone, doctor names the setting with which pgpool serves", async () => {
  const swap = async (from: string, to: string) => {
    const script = `sed -i "s/^${from} /${to} /" $PGDATA/pg_hba.conf && gosu postgres pg_ctl reload`;
    for (const node of nodes) await exec(await cluster.container(node), ["bash", "-c", script]);
  };
  await swap("hostssl", "hostnossl");
  const pool = await cluster.container("pgpool");
  let said = "";
  const named = async () => {
    said = (await tryExec(pool, ["postdock", "cluster", "doctor"])).stdout;
    return /no login gets through: [^]*fix: [^\n]* set ssl:off in CONFIGS of pgpool/.test(said);
  };
  await waitUntil(
    named,
    { what: "doctor to name the setting", deadlineMs: 60_000, everyMs: 2_000, why: () => said },
    deps,
  );
  const ready = await tryExec(pool, ["postdock", "healthcheck", "ready"]);
  assert.equal(ready.code, 1, ready.stdout);
  assert.match(ready.stdout, /no login gets through/);
  const plain: Edit = (file) => setEnvironment(file, "pgpool", { CONFIGS: "ssl:off" });
  await use(odd, [], allOf(startsWithoutDns(nodes), plain)); // as they were started: the nodes are not made anew
  await docker(["restart", pool]); // only the content of a file has changed
  const serves = () => throughPool("select 1").then((one) => one === "1", () => false);
  await waitUntil(serves, { what: "pgpool to serve without TLS", deadlineMs: 60_000 }, deps);
  assert.equal(await cluster.waitWhole(undefined, nodes), "pgmaster", "the nodes go on without TLS");
  await swap("hostnossl", "hostssl");
});

/** What the Compose file says after its last change. */
const changed = { ...odd, pgslave3: "moved", replication_pass: `an'other "pass\\$word` };

test("a node's host and the replication password are changed in all variables; data and other names stay", async () => {
  const before = await sql("pgslave3", "select system_identifier from pg_control_system()");
  const alias: Edit = (file) => void (serviceOf(file, "pgslave3").networks = { cluster: { aliases: ["moved"] } });
  await use(changed, ["--force-recreate"], alias);
  const lead = await cluster.waitWhole(startMs, nodes);
  assert.equal(await sql("pgslave3", "select system_identifier from pg_control_system()"), before);
  const record = "select conninfo from repmgr.nodes where node_id = 4";
  await waitUntil(async () => (await cluster.psql(lead, record, odd.replication_db)).includes("host=moved"), {
    what: "repmgr to know the new host",
    deadlineMs: 60_000,
  }, deps);
  await cluster.waitPool(["pgmaster", "pgslave1", "moved"]);
  await waitReceiving(cluster, lead); // with the new password, which the primary has given to the role
  assert.equal(await throughPool("select count(*) from t"), "2");
});

test("a node gets another NODE_ID and keeps its name: its record and its slot are those of the new one", async () => {
  const change: Edit = (file) => {
    serviceOf(file, "pgslave3").networks = { cluster: { aliases: ["moved"] } };
    setEnvironment(file, "pgslave3", { NODE_ID: 14 });
  };
  await use(changed, ["--force-recreate"], change);
  const records = "select string_agg(node_id || ' ' || active, ',') from repmgr.nodes where node_name = 'node4'";
  const slots = "select count(*) from pg_replication_slots where slot_name = 'repmgr_slot_4'";
  await waitUntil(
    async () => {
      const lead = await cluster.primary(nodes);
      if (lead === null) return false;
      const now = await Promise.all([cluster.psql(lead, records, odd.replication_db), sql(lead, slots)]);
      return now.join() === "14 true,0";
    },
    { what: "repmgr to know the new id alone", deadlineMs: 60_000 },
    deps,
  );
  await cluster.waitWhole(undefined, nodes);
});
