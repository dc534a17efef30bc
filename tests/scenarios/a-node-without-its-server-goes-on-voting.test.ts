// Promise: a node whose server does not start, or does not stream, says why in PostgreSQL's own words, with a fix for that cause.
// Its agent goes on voting: a cause that all standbys share does not cost the primary its majority. Whatever state a standby is in,
// an operator can have it cloned again, and an order always ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { exec, logsOf, stateOf, tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { onNodes } from "../support/variants.ts";
import { nothingMs, staysTrueFor, wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const killPostmaster = "kill -KILL $(head -1 $PGDATA/postmaster.pid)";
const shut = "local all all reject";
const shutOut = `sed -i '1i ${shut}' $PGDATA/pg_hba.conf; gosu postgres pg_ctl reload`;
const letIn = `sed -i '/^${shut}/d' $PGDATA/pg_hba.conf; gosu postgres pg_ctl reload`;
const notLetIn =
  /the agent of this node in: pg_hba.conf rejects connection for host "\[local\]".*local all postgres trust/s;

async function inNode(cluster: Cluster, node: string, script: string): Promise<string> {
  return await exec(await cluster.container(node), ["bash", "-c", script]);
}

/** `postdock cluster doctor` until it says this. */
async function doctorSays(cluster: Cluster, node: string, said: RegExp): Promise<void> {
  let last = "";
  const says = async () => {
    const { stdout } = await tryExec(await cluster.container(node), ["postdock", "cluster", "doctor"]);
    return said.test(last = stdout);
  };
  await waitUntil(says, { what: `doctor to say ${said}`, deadlineMs: 60_000, why: () => last }, deps);
}

test("roles that lost what they need, a line that refuses all standbys, then a directory that they lack: the primary keeps its majority", async () => {
  const edit = onNodes({ REPMGR_WAIT_POSTGRES_START_TIMEOUT: 3, FAILOVER_MAX_DATA_AGE: 5 });
  await using cluster = await ownCluster({ name: "voteson", edit });
  await cluster.up(nodes);
  const primary = await cluster.waitWhole(startMs, nodes);
  await cluster.waitLease(nodes);
  const standbys = nodes.filter((n) => n !== primary);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address(primary))! });
  // as a switchover of repmgr's that failed leaves it: repmgrd goes on by itself within a minute or two
  await inNode(cluster, standbys[0]!, "gosu postgres repmgr service pause");

  // what was set at the bootstrap is set again where it differs, also what an old dump brings back
  const replicates = "rolsuper and rolreplication and rolcanlogin and rolpassword like 'SCRAM%'";
  const sound =
    `select bool_and(rolpassword like 'SCRAM%' and (rolname = 'monkey_user' or ${replicates})) from pg_authid ` +
    "where rolname in ('replication_user', 'monkey_user')";
  const md5 = `'md5${"0".repeat(32)}'`;
  await cluster.psql(
    primary,
    `alter role replication_user nosuperuser noreplication password ${md5}; alter role monkey_user password ${md5}; ` +
      `create role old login password ${md5}`,
  );
  await cluster.psql(primary, "select pg_terminate_backend(pid) from pg_stat_replication");
  const mend = { what: "the primary to set its roles right", deadlineMs: 60_000 };
  await waitUntil(async () => await cluster.psql(primary, sound) === "t", mend, deps);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  await doctorSays(cluster, primary, /the passwords of old are stored as md5.*\\password old/s);
  await cluster.psql(primary, "drop role old");
  const { stdout: events } = await tryExec(await cluster.container(primary), ["postdock", "cluster", "history"]);
  assert.match(events, /A role was set right, role replication_user: it lacked a right .*stored as md5/);

  const block = "host replication all all reject";
  await inNode(cluster, primary, `sed -i '1i ${block}' $PGDATA/pg_hba.conf`);
  await cluster.psql(primary, "select pg_reload_conf(), pg_terminate_backend(pid) from pg_stat_replication");
  await cluster.waitEach(
    standbys,
    "the standbys to say why they do not stream",
    ({ trouble }) => /pg_hba.conf rejects/.test(trouble?.because ?? ""),
  );
  await doctorSays(cluster, primary, new RegExp(`${standbys[0]}.*does not stream.*take the reject line`, "s"));
  await doctorSays(cluster, primary, /no standby streams: what \w+ writes is on one node only/);
  await inNode(cluster, primary, `sed -i '/${block}/d' $PGDATA/pg_hba.conf`);
  await cluster.psql(primary, "select pg_reload_conf()");
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  await cluster.waitEach(standbys, "the trouble to be over", ({ trouble }) => trouble === null);

  // the agent's own line: it is named while its open session serves, and after a start
  await inNode(cluster, standbys[0]!, shutOut);
  await doctorSays(cluster, primary, notLetIn);
  await inNode(cluster, standbys[0]!, killPostmaster);
  await doctorSays(cluster, primary, new RegExp(`${standbys[0]}: does not serve: .*${notLetIn.source}`, "s"));
  await inNode(cluster, standbys[0]!, letIn);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  await cluster.waitEach(
    standbys,
    "the trouble to be over",
    ({ trouble, settings }) => !trouble && settings.length === 0,
  );

  // PostgreSQL makes a tablespace on a standby only in a directory that is there
  const fast = "/srv/fast";
  const makeDirectory = `install -d -o postgres ${fast}`;
  await inNode(cluster, primary, makeDirectory);
  await cluster.psql(primary, `create tablespace fast location '${fast}'`);
  const cause = /FATAL: directory "\/srv\/fast" does not exist/;
  await cluster.waitEach(
    standbys,
    "the standbys to be unhealthy for this cause",
    ({ trouble, unhealthy }) => cause.test(trouble?.because ?? "") && unhealthy !== null,
  );
  await doctorSays(
    cluster,
    primary,
    new RegExp(`${standbys[0]}.*votes all the same.*mount .*an empty directory .* at ${fast} on ${standbys[0]}`, "s"),
  );
  const { stdout: shown } = await tryExec(await cluster.container(primary), ["postdock", "cluster", "show"]);
  assert.match(shown, new RegExp(`^${standbys[0]}: PostgreSQL .*${cause.source}`, "m"));
  const { stdout: past } = await tryExec(await cluster.container(standbys[0]!), ["postdock", "cluster", "history"]);
  assert.match(past, new RegExp(`The attempt failed, fix mount .*an empty directory .*${cause.source}`));
  for (const node of standbys) {
    const container = await cluster.container(node);
    const { code, stdout } = await tryExec(container, ["postdock", "healthcheck", "live"]);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /REPMGR_WAIT_POSTGRES_START_TIMEOUT/);
    assert.deepEqual((await stateOf(container)).running, true);
  }
  const holds = async () => {
    const { lease } = await cluster.answer(primary);
    return lease.held && lease.refusals.length === 0;
  };
  await staysTrueFor(2 * nothingMs, holds, { what: `${primary} has the lease, by the votes of all` });
  await ledger.writes(20);

  const reinit = async (node: string) =>
    await tryExec(await cluster.container(primary), ["postdock", "cluster", "reinit", node], 90_000);
  const failed = await reinit(standbys[0]!);
  assert.equal(failed.code, 69, failed.stdout + failed.stderr);
  assert.match(
    failed.stdout + failed.stderr,
    /was not cloned again: .*tablespace fast belongs to \/srv\/fast, which is not a directory/,
  );
  for (const node of standbys) await inNode(cluster, node, makeDirectory);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  await inNode(cluster, standbys[1]!, `mv ${fast} /srv/away`);
  await cluster.waitEach(
    [standbys[1]!],
    "the volume of the tablespace to be missed",
    ({ trouble }) => /tablespace fast belongs to \/srv\/fast, which is not a directory/.test(trouble?.because ?? ""),
  );
  await inNode(cluster, standbys[1]!, `mv /srv/away ${fast}`);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  const { stdout: lost } = await tryExec(await cluster.container(standbys[1]!), ["postdock", "cluster", "history"]);
  assert.match(lost, /way clone.* are not whole: pg_tblspc\/\d+ \(\/srv\/fast\) is not there, or empty/);

  // what nobody but root may read in the data of the primary is named there, and the data of the standby serve on
  await inNode(cluster, primary, "install -d -m 700 $PGDATA/.snapshot");
  const unread = await reinit(standbys[0]!);
  assert.equal(unread.code, 69, unread.stdout + unread.stderr);
  const there = new RegExp(
    `\\.snapshot.*Permission denied[^]*on the volume of ${primary}, give it to uid 999 .*or move it`,
  );
  assert.match(unread.stdout + unread.stderr, there);
  await inNode(cluster, primary, "rmdir $PGDATA/.snapshot");
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  await cluster.psql(primary, "drop tablespace fast");

  await cluster.psql(standbys[0]!, "select pg_wal_replay_pause()");
  await cluster.waitEach([standbys[0]!], "the replay to be paused", ({ postgres }) => postgres.replayPaused);
  await ledger.writes(20);
  await cluster.waitEach([standbys[0]!], "the lag to be measured", ({ postgres }) => (postgres.lagBytes ?? 0) > 0);
  const ready = await tryExec(await cluster.container(standbys[0]!), ["postdock", "healthcheck", "ready"]);
  assert.equal(ready.code, 1, ready.stdout);
  assert.match(ready.stdout, /its replay of WAL is paused/);
  await doctorSays(
    cluster,
    primary,
    new RegExp(`${standbys[0]}: its replay of WAL is paused.*pg_wal_replay_resume`, "s"),
  );
  await cluster.psql(standbys[0]!, "select pg_wal_replay_resume()");

  // what ALTER SYSTEM may not set is taken back, and a server that another line keeps from starting names that line
  const [broken, other] = standbys as [string, string];
  await cluster.psql(primary, "alter system set listen_addresses = 'localhost'");
  await cluster.psql(other, "alter system set ssl = on");
  await cluster.psql(broken, `alter system set primary_conninfo = 'host=${primary} user=replication_user'`);
  await cluster.psql(broken, "select pg_reload_conf()");
  await inNode(cluster, other, "gosu postgres pg_ctl stop");
  await doctorSays(
    cluster,
    primary,
    new RegExp(`${other}: does not serve: .*ALTER SYSTEM set ssl = 'on' .*line \\d+`, "s"),
  );
  await inNode(cluster, other, "sed -i '/^ssl /d' $PGDATA/postgresql.auto.conf");
  const back = async () =>
    /dbname=replication_db .*application_name=/.test(await cluster.psql(broken, "show primary_conninfo")) &&
    !/listen_addresses/.test(await inNode(cluster, primary, "cat $PGDATA/postgresql.auto.conf"));
  await waitUntil(back, { what: "both settings to be taken back", deadlineMs: 60_000 }, deps);
  const whole = async () => {
    const found = "test -d $PGDATA/pg_xact && echo found || echo missing";
    return (await inNode(cluster, broken, found)).trim() === "found" &&
      (await cluster.nodeStatus(broken))?.phase === "running";
  };
  await inNode(cluster, broken, "mv $PGDATA/pg_xact /tmp/");
  await waitUntil(whole, { what: `${broken} to be cloned, since pg_xact is not there`, deadlineMs: 60_000 }, deps);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);

  await inNode(cluster, broken, `truncate -s 0 $PGDATA/global/pg_control; ${killPostmaster}`);
  await doctorSays(
    cluster,
    primary,
    new RegExp(`${broken}.*cannot be read as a cluster.*cluster reinit ${broken}`, "s"),
  );
  const mended = await reinit(broken);
  assert.equal(mended.code, 0, mended.stdout + mended.stderr);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);

  await cluster.stop(broken);
  assert.equal((await stateOf(await cluster.container(broken))).exitCode, 0);
  const gone = await reinit(broken);
  assert.equal(gone.code, 69, gone.stdout + gone.stderr);
  assert.match(gone.stdout + gone.stderr, new RegExp(`${broken} does not answer`));
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(primary))! });
  assertLedger("votes without a server", report, { atLeast: 40, gapMs: wholeMs });
  assert.doesNotMatch(await logsOf(await cluster.container(primary)), /"event":"(Fenced|Lease lost)"/);

  // standbys that could not follow for longer than FAILOVER_MAX_DATA_AGE do not lead by themselves: they know what they lack
  await cluster.start(broken);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  await inNode(cluster, primary, `sed -i '1i ${block}' $PGDATA/pg_hba.conf`);
  await cluster.psql(primary, "select pg_reload_conf(), pg_terminate_backend(pid) from pg_stat_replication");
  await cluster.psql(primary, "create table unseen as select generate_series(1, 200000) as n");
  await cluster.waitEach(standbys, "the standbys to lack it", ({ postgres }) => (postgres.lagBytes ?? 0) > 1e6);
  const leads = async () => (await cluster.answer(primary)).lease.held;
  await staysTrueFor(2 * nothingMs, leads, { what: "it leads" }); // for longer than FAILOVER_MAX_DATA_AGE
  await cluster.kill(primary);
  const nobody = async () => await cluster.primary(standbys) === null;
  await staysTrueFor(2 * nothingMs, nobody, { what: "no standby leads" });
  await doctorSays(
    cluster,
    other,
    /cut off from its primary for .* more than FAILOVER_MAX_DATA_AGE.*failover --force/s,
  );
  await cluster.start(primary);
  await cluster.waitEach(
    [primary],
    "it to lead again",
    ({ lease, postgres }) => lease.held && postgres.role === "primary",
  );
  await inNode(cluster, primary, `sed -i '/${block}/d' $PGDATA/pg_hba.conf`);
  await cluster.psql(primary, "select pg_reload_conf()");
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
  assert.equal(await cluster.psql(other, "select count(*) from unseen"), "200000");

  const goesOn = async () => {
    const { stdout } = await tryExec(await cluster.container(other), ["postdock", "cluster", "history"]);
    return /repmgrd was paused and goes on/.test(stdout);
  };
  await waitUntil(goesOn, { what: "repmgrd to go on", deadlineMs: 120_000, everyMs: 1_000 }, deps);

  // a primary whose agent is not let in any more: probes and pgpool send nobody to it, so a standby that is seen leads
  const ended = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'";
  const overTcp = "PGPASSWORD=$REPLICATION_PASSWORD psql -h localhost -U $REPLICATION_USER -d $REPLICATION_DB";
  await inNode(cluster, primary, `${shutOut}; ${overTcp} -c "${ended}"`);
  await doctorSays(cluster, primary, notLetIn);
  const heir = await cluster.waitSuccessor(primary, nodes, wholeMs);
  await inNode(cluster, primary, `${letIn} || true`); // it is being started as a standby, and then reads the file by itself
  assert.equal(await cluster.waitWhole(undefined, nodes), heir);
});
