import assert from "node:assert/strict";
import { test } from "node:test";
import { addressInHosts, hostsWith, namesToAsk, parseNameServers } from "./names.ts";

const kubernetes = parseNameServers(
  "search db.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10 # ours\noptions timeout:1 ndots:5\n",
);

test("resolv.conf names servers, domains and ndots; the last search line counts", () => {
  assert.deepEqual(kubernetes, {
    servers: ["10.96.0.10"],
    search: ["db.svc.cluster.local", "svc.cluster.local"],
    ndots: 5,
  });
  assert.deepEqual(
    parseNameServers("domain a\nsearch .\nnameserver fe80::x\nnameserver fd00::1\n; nameserver 1.1.1.1"),
    {
      servers: ["fd00::1"],
      search: [],
      ndots: 1,
    },
  );
  assert.deepEqual(parseNameServers("").servers, ["127.0.0.1"]);
});

test("a name with few dots is tried in the search domains first", () => {
  assert.deepEqual(namesToAsk("node-0.db", kubernetes), [
    "node-0.db.db.svc.cluster.local",
    "node-0.db.svc.cluster.local",
    "node-0.db",
  ]);
  const docker = parseNameServers("nameserver 127.0.0.11\nsearch lan");
  assert.deepEqual(namesToAsk("pgmaster", docker), ["pgmaster.lan", "pgmaster"]);
  assert.deepEqual(namesToAsk("pg.example.org", docker), ["pg.example.org", "pg.example.org.lan"]);
  assert.deepEqual(namesToAsk("pgmaster.", docker), ["pgmaster"]);
});

test("a name of /etc/hosts is its IPv4 address, whatever its case", () => {
  const hosts = "fd00::2 pgmaster\n10.0.0.2\tPgMaster pgmaster.lan # pgslave1\n10.0.0.3 pgmaster\n";
  assert.equal(addressInHosts(hosts, "pgmaster"), "10.0.0.2");
  assert.equal(addressInHosts("fd00::2 pgmaster", "pgmaster"), "fd00::2");
  assert.equal(addressInHosts(hosts, "pgslave1"), null);
});

test("addresses are kept in /etc/hosts and taken out again; what others wrote stays, and only that counts as known", () => {
  for (const before of ["127.0.0.1 localhost\n10.0.0.9 own # mine\n", "127.0.0.1 localhost", ""]) {
    const kept = hostsWith(before, { pgmaster: "10.0.0.2", pgslave1: "fd00::3" });
    assert.deepEqual(kept.trim().split("\n").slice(-2).map((line) => line.split(" ").slice(0, 2)), [
      ["10.0.0.2", "pgmaster"],
      ["fd00::3", "pgslave1"],
    ]);
    assert.ok(kept.startsWith(before));
    assert.equal(addressInHosts(kept, "pgmaster"), null, "DNS has not answered");
    assert.equal(hostsWith(kept, { pgmaster: "10.0.0.4" }).match(/pgmaster|pgslave1/g)?.length, 1);
    assert.equal(hostsWith(kept, {}).trimEnd(), before.trimEnd());
  }
});
