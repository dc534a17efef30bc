// Promise: a primary whose disk is full gives way to a standby and says why. In strict mode nothing acknowledged before is lost,
// and the node comes back by itself when it has room again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { allOf, type Edit } from "../support/compose-file.ts";
import { firstLevel as nodes } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { exec, logsOf, logsSince, tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { withMode } from "../support/variants.ts";
import { successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const smallDisk: Edit = ({ volumes }) => {
  volumes!.pgmaster = { driver: "local", driver_opts: { type: "tmpfs", device: "tmpfs", o: "size=400m" } };
};
const ballast = "$PGDATA/pgsql_tmp.ballast";
const fill = `dd if=/dev/zero of=${ballast} bs=1M 2> /dev/null || true; df --output=avail $PGDATA | tail -1`;

test("a full disk on the primary: another node leads, and the node returns when there is room", async () => {
  await using cluster = await ownCluster({ name: "full-disk", edit: allOf(smallDisk, withMode("strict")) });
  for (const node of ["pgslave1", "pgslave3"]) await cluster.makeInVolume(node, "lost+found"); // as on a disk of their own
  await cluster.up(nodes);
  assert.equal(await cluster.waitWhole(startMs, nodes), "pgmaster");
  await cluster.waitEach(["pgmaster"], "the lease", ({ lease }) => lease.held);
  const container = await cluster.container("pgmaster");
  const others = nodes.filter((n) => n !== "pgmaster");
  let entry: string = "pgmaster";
  const ledger = await Ledger.start(
    { ...monkey, host: (await cluster.address(entry))! },
    async () => await cluster.address(entry = await cluster.primary(nodes) ?? entry),
  );
  await ledger.writes(40);

  assert.equal((await exec(container, ["bash", "-c", fill])).trim(), "0");
  const next = await waitUntil(
    async () => {
      // each call uses up a WAL segment; in the end there is no room for another one, or no server to ask
      await cluster.psql("pgmaster", "select pg_switch_wal()").catch(() => null);
      return await cluster.primary(others);
    },
    { what: "another node to lead", deadlineMs: 60_000 },
    deps,
  );
  await ledger.writes(40);
  assert.match(await logsOf(container), /No space left on device/);
  const makeRoom = async () => {
    await exec(container, ["bash", "-c", `rm -f ${ballast}`]);
    return await cluster.waitWhole(undefined, nodes);
  };
  assert.equal(await makeRoom(), next);

  // a server that dies keeps the lease for its own restart; without room for a restart it gives the lease up
  await exec(container, ["postdock", "cluster", "switchover", "--to", "pgmaster"], 60_000);
  await ledger.writes(40);
  const before = await logsOf(container);
  await exec(container, ["bash", "-c", `${fill}; kill -KILL $(head -1 $PGDATA/postmaster.pid)`]);
  const last = await cluster.waitSuccessor("pgmaster", nodes, 2 * successionMs);
  await ledger.writes(40);
  assert.match(await logsSince(container, before), /No space left on device|too little to write|no room to write/);
  assert.equal(await makeRoom(), last);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(last))! });
  assertLedger("full disk", report, { atLeast: 160, gapMs: 2 * successionMs });

  // its vote and its epoch need no room either: without them the third node would find no majority
  assert.equal((await exec(container, ["bash", "-c", fill])).trim(), "0");
  // the server or its agent meets it first
  let said = "";
  const named = async () => {
    await cluster.psql(last, "select pg_logical_emit_message(false, '', 'x'), pg_switch_wal()");
    said = (await tryExec(container, ["postdock", "cluster", "doctor"])).stdout;
    return /pgmaster: .*no space left on device.*\n.*\n\s*fix: .*make room on/i.test(said);
  };
  const what = "doctor to say why pgmaster does not stream";
  await waitUntil(named, { what, deadlineMs: 60_000, everyMs: 1_000, why: () => said }, deps);
  const heir = others.find((n) => n !== last)!;
  await cluster.kill(last);
  assert.equal(await cluster.waitSuccessor(last, nodes, 2 * successionMs), heir);
  assert.match(await logsOf(container), new RegExp(`Epoch granted.*"to":"${heir}"`));
  await cluster.start(last);
  assert.equal(await makeRoom(), heir);

  // WAL that it has not replayed makes a table larger: its recovery gets the room that it can spare, however full the volume is
  await cluster.psql("pgmaster", "select pg_wal_replay_pause()");
  await cluster.psql(heir, "create table grown as select generate_series(1, 1000000) as n");
  const end = await cluster.psql(heir, "select pg_current_wal_insert_lsn()");
  const received = async () => await cluster.psql("pgmaster", `select pg_last_wal_receive_lsn() >= '${end}'`) === "t";
  await waitUntil(received, { what: "pgmaster to receive the table", deadlineMs: 60_000 }, deps);
  const full = await logsOf(container);
  await exec(container, ["bash", "-c", `${fill}; kill -KILL $(head -1 $PGDATA/postmaster.pid)`]);
  await waitUntil(
    async () => await cluster.psql("pgmaster", "select count(*) from grown").catch(() => "") === "1000000",
    { what: "pgmaster to recover on a full volume", deadlineMs: 60_000 },
    deps,
  );
  assert.match(
    await logsSince(container, full),
    /"event":"(Removing WAL files that this server can spare|Giving up the reserve)"/,
  );
  await cluster.psql(heir, "drop table grown");
  assert.equal(await makeRoom(), heir);
});
