// Promise: something that answers at a node's address without the cluster's key is believed by nobody, whatever it claims: the
// primary stays, pgpool and barman stay with it, orders reach it, and when a primary dies, a standby takes its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { setEnvironment } from "../support/compose-file.ts";
import { docker, exec, logsOf } from "../support/docker.ts";
import { wholeMs } from "../support/waits.ts";

const key = "a-key-that-is-not-in-any-example";
const absent = "pgslave2";
const services = [...firstLevel, absent, "pgpool", "backup"];

/** Answers every request with what SAID holds, and logs its first line. */
const answersAll = `$s = IO::Socket::INET->new(Listen => 50, LocalPort => 8080, ReuseAddr => 1) or die;
  $| = 1;
  while ($c = $s->accept) {
    sysread $c, $_, 65536;
    print((split /\\r?\\n/)[0], "\\n");
    print $c "HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Type: application/json\\r\\nContent-Length: ",
      length $ENV{SAID}, "\\r\\n\\r\\n", $ENV{SAID};
    close $c;
  }`;

/** A container that has the name of a node, and says to everybody that it leads on timeline 999. */
async function startImpostor(cluster: Cluster, host: string): Promise<string> {
  const status = await cluster.answer(host);
  const { postgres, lease } = status;
  const said = JSON.stringify({
    ...status,
    postgres: { ...postgres, role: "primary", timeline: 999, wasPrimary: true, upstream: null },
    lease: { ...lease, mode: "on", held: true },
  });
  await cluster.stop(host);
  const place = [
    "--network",
    `${cluster.project}_cluster`,
    "--network-alias",
    host,
    "--name",
    `${cluster.project}-impostor`,
  ];
  const program = ["--entrypoint", "perl", "postdock/postgres:latest", "-MIO::Socket::INET", "-e", answersAll];
  return (await docker(["run", "-d", ...place, "-e", `SAID=${said}`, ...program])).trim();
}

const primaryOf = async (cluster: Cluster, service: string) => {
  const status = await cluster.status(service);
  return status === null || status.component === "postgres-node" ? null : status.primary;
};

test("an impostor on timeline 999 moves nothing, and keeps no standby from leading", async () => {
  await using cluster = await ownCluster({
    name: "impostor",
    edit: (file) => {
      for (const service of services) setEnvironment(file, service, { CLUSTER_KEY: key });
    },
  });
  await cluster.up(services);
  const primary = await cluster.waitWhole(startMs, [...firstLevel, absent]);
  await cluster.waitLease(firstLevel);
  await cluster.waitPool();
  const follow = (host: string) => async () =>
    await primaryOf(cluster, "pgpool") === host && await primaryOf(cluster, "backup") === host;
  await waitUntil(follow(primary), { what: "pgpool and barman to follow", deadlineMs: wholeMs }, {
    clock: systemClock,
  });
  const { term } = (await cluster.answer(primary)).lease;
  const impostor = await startImpostor(cluster, absent);
  try {
    let asked = "";
    const often = async () => (asked = await logsOf(impostor)).split("\n").length > 60;
    await waitUntil(often, { what: "the impostor to be asked often", deadlineMs: wholeMs, why: () => asked }, {
      clock: systemClock,
    });
    assert.equal(await cluster.primary(firstLevel), primary);
    const { lease } = await cluster.answer(primary);
    assert.deepEqual([lease.held, lease.term], [true, term], "the same lease goes on");
    for (const service of ["pgpool", "backup"]) {
      assert.equal(await primaryOf(cluster, service) ?? primary, primary, `${service} stays with it`);
    }
    const second = firstLevel.find((node) => node !== primary)!;
    const ordered = ["postdock", "cluster", "switchover", "--to", second];
    assert.match(
      await exec(await cluster.container(primary), ordered),
      new RegExp(`^${primary} hands over to ${second}`),
    );
    await cluster.kill(second);
    const next = await cluster.waitSuccessor(second, firstLevel, wholeMs);
    await waitUntil(follow(next), { what: "pgpool and barman to follow the next primary", deadlineMs: wholeMs }, {
      clock: systemClock,
    });
    await cluster.start(second);
    assert.equal(await cluster.waitWhole(wholeMs, firstLevel), next);
  } finally {
    await docker(["rm", "-f", impostor]);
  }
  await cluster.start(absent);
  await cluster.waitWhole(wholeMs, [...firstLevel, absent]);
});
