// Promise: a primary whose disk is full gives way to a standby and says what is the matter; nothing acknowledged before is lost,
// and with room again the node comes back by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster } from "../support/cluster.ts";
import { exec, logsOf } from "../support/docker.ts";

const nodes = ["pgmaster", "pgslave1", "pgslave3"];
const deps = { clock: systemClock };
const small =
  "  pgmaster:\n    driver: local\n    driver_opts:\n      type: tmpfs\n      device: tmpfs\n      o: size=400m\n";

test("a full disk on the primary: another node leads, and the node returns when there is room", async () => {
  const edit = (yaml: string) => yaml.replace(/^volumes:\n {2}pgmaster:\n/m, `volumes:\n${small}`);
  const cluster = await Cluster.prepare({ name: "full", compose: "v2", edit });
  await cluster.down(); // what a run that was cut off has left
  for (const node of ["pgslave1", "pgslave3"]) await cluster.makeInVolume(node, "lost+found"); // as on a disk of their own
  await cluster.up(nodes);
  assert.equal(await cluster.waitWhole(90_000, nodes), "pgmaster");
  await cluster.waitEach(["pgmaster"], "the lease", ({ lease }) => lease.held);
  const sql = (text: string) => cluster.psql("pgmaster", text);
  await sql("create table t (i int)");
  let acknowledged = 0;
  const container = await cluster.container("pgmaster");
  const ballast = "$PGDATA/pgsql_tmp.ballast";
  const fill = `dd if=/dev/zero of=${ballast} bs=1M 2> /dev/null || true; df --output=avail $PGDATA | tail -1`;
  assert.equal((await exec(container, ["bash", "-c", fill])).trim(), "0");
  const others = ["pgslave1", "pgslave3"];
  const next = await waitUntil(
    async () => {
      const written = await sql("insert into t select 1; select pg_switch_wal()").then(() => true, () => false);
      if (written) acknowledged++;
      return await cluster.primary(others);
    },
    { what: "another node to lead", deadlineMs: 90_000 },
    deps,
  );
  assert.match(await logsOf(container), /No space left on device/);
  const rows = Number(await cluster.psql(next, "select count(*) from t"));
  assert.ok(rows >= acknowledged - 1, `${rows} of ${acknowledged}: asynchronous, at most the last one`);
  const makeRoom = async () => {
    await exec(container, ["bash", "-c", `rm -f ${ballast}`]);
    return await cluster.waitWhole(90_000, nodes);
  };
  assert.equal(await makeRoom(), next);

  // a server that dies holds the lease for its own restart; without room for that the lease goes to the others
  await exec(container, ["postdock", "cluster", "switchover", "--to", "pgmaster"], 60_000);
  await exec(container, ["bash", "-c", `${fill}; kill -KILL $(head -1 $PGDATA/postmaster.pid)`]);
  const last = await waitUntil(() => cluster.primary(others), { what: "another to lead", deadlineMs: 30_000 }, deps);
  assert.equal(await makeRoom(), last);
  await cluster.down();
});
