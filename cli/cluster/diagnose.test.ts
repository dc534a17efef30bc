// Each finding from a cluster that has it and nothing else; a cluster that is in order has none.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyStatus, BarmanStatus, NodeStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { diagnose } from "./diagnose.ts";
import { renderCluster } from "./render.ts";
import type { Cluster, Member } from "./gather.ts";

const hosts = ["a", "b", "c"];
const common = {
  schema: 1 as const,
  postdock: "2.0.0",
  phase: "running" as const,
  doing: "serving",
  because: "as it should",
  uptimeSeconds: 60,
  observedAgoMs: 100,
  variables: {},
};

function node(
  host: string,
  changed: Partial<NodeStatus> = {},
  postgres: Partial<NodeStatus["postgres"]> = {},
): NodeStatus {
  const leads = host === "a";
  return {
    ...common,
    component: "postgres-node",
    cluster: "pg_cluster",
    node: { id: hosts.indexOf(host) + 1, name: host, host },
    priority: 100,
    certain: false,
    restore: null,
    lastRestore: null,
    kept: null,
    failingMs: 0,
    trouble: null,
    unhealthy: null,
    reinit: null,
    roles: [],
    tls: null,
    settings: [],
    postgres: {
      data: "cluster",
      running: true,
      role: leads ? "primary" : "standby",
      wasPrimary: leads,
      systemIdentifier: "1",
      timeline: 1,
      lsn: "0/1000000",
      replayLsn: null,
      lagBytes: 0,
      lagSeconds: 0,
      replayPaused: false,
      upstream: leads ? null : { host: "a", port: 5432, streaming: true },
      downstream: [],
      registered: null,
      ...postgres,
    },
    partners: hosts,
    everHadMajority: true,
    fenced: null,
    lease: {
      mode: "on",
      because: "",
      held: leads,
      remainingMs: leads ? 4000 : 0,
      term: 1,
      grantedTo: "a",
      voters: hosts,
      refusals: [],
    },
    revision: 1,
    paused: { on: false, count: 0, atMs: 0 },
    disk: null,
    forced: false,
    force: null,
    overruled: false,
    consistency: { mode: "eventual", degraded: null },
    becomingPrimary: false,
    repmgrd: { running: true, because: null },
    ...changed,
  };
}

const poolStatus: PgpoolStatus = {
  ...common,
  component: "pgpool",
  primary: "a",
  backends: [{ id: 0, host: "a", port: 5432, status: "up", role: "primary", truth: "primary" }],
  sessions: { busy: 1, total: 32 },
  noLogin: null,
};
const barmanStatus: BarmanStatus = {
  ...common,
  component: "barman",
  server: "pg_cluster",
  primary: "a",
  receiving: true,
  checkOk: true,
  checkFailures: [],
  backups: 1,
  lastBackup: "x",
  catalog: null,
  nextBackupMs: null,
  backupRunsMs: null,
  backupProgress: null,
  backupSource: null,
  backupWanted: null,
  verified: null,
  cloud: null,
  kept: [],
};

const says = (host: string, status: AnyStatus, clockAheadMs = 0): Member => ({ host, status, clockAheadMs });
const silent = (host: string): Member => ({ host, error: "connect timed out" });
const whole =
  (): Member[] => [...hosts.map((h) => says(h, node(h))), says("pool", poolStatus), says("backup", barmanStatus)];

function cluster(members: readonly Member[]): Cluster {
  const nodes = members.flatMap((m) =>
    "status" in m && m.status.component === "postgres-node" ? [{ host: m.host, status: m.status }] : []
  );
  const primary = nodes.find((n) => n.status.postgres.role === "primary" && n.status.lease.held) ?? null;
  return { members, nodes, primary };
}
const withMember = (member: Member) => whole().map((m) => m.host === member.host ? member : m);
const lines = (members: readonly Member[]) =>
  diagnose(cluster(members)).map((f) => {
    assert.ok(f.evidence !== "" && f.consequence !== "" && f.what.endsWith(f.evidence), f.what);
    return `${f.level} ${f.about}: ${f.what}; ${f.fix}`;
  });

test("a cluster without a single standby that streams is an error of the whole cluster", () => {
  const cut = (host: string) => says(host, node(host, {}, { upstream: null }));
  const all = whole().map((m) => m.host === "b" || m.host === "c" ? cut(m.host) : m);
  assert.match(lines(all).join("\n"), /^error cluster: no standby streams: what a writes is on one node only/m);
  const away = whole().map((m) => m.host === "b" || m.host === "c" ? silent(m.host) : m);
  assert.match(lines(away).join("\n"), /^error cluster: no standby streams/m);
  const one = whole().map((m) => m.host === "b" ? cut("b") : m);
  assert.doesNotMatch(lines(one).join("\n"), /no standby streams/);
  const shown = renderCluster(cluster(all));
  assert.ok(shown.some((l) => l.startsWith("no standby streams")), shown.join("\n"));
});

test("a healthy cluster has no findings", () => assert.deepEqual(lines(whole()), []));

const leaseOf = (host: string) => node(host).lease;
const table: [string, Member, RegExp][] = [
  ["a silent node", silent("c"), /^error c: does not answer over HTTP: connect timed out/],
  [
    "a node whose name DNS does not tell",
    { host: "c", error: "the name c could not be resolved within 2 s: DNS does not answer" },
    /^error c: does not answer over HTTP: the name c could not .*; mend the DNS server/,
  ],
  [
    "a fenced node",
    says("b", node("b", { fenced: "the lease ran out", phase: "waiting" })),
    /^error b: is fenced: the lease/,
  ],
  [
    "a node that waits",
    says("b", node("b", { phase: "waiting", doing: "waiting" })),
    /^error b: does not serve: waiting/,
  ],
  [
    "a standby that does not stream",
    says("b", node("b", {}, { upstream: null })),
    /^error b: does not stream from any/,
  ],
  [
    "a node whose server does not start",
    says("b", node("b", { phase: "waiting", trouble: { because: "FATAL: low", fix: "raise it" }, unhealthy: "long" })),
    /^error b: does not serve: FATAL: low; it counts as unhealthy, and votes all the same; raise it$/,
  ],
  [
    "a standby that says why it does not stream",
    says("b", node("b", { trouble: { because: "FATAL: no entry", fix: "add it" } }, { upstream: null })),
    /^error b: does not stream from any upstream: FATAL: no entry; add it$/,
  ],
  [
    "a standby whose replay is paused",
    says("b", node("b", {}, { replayPaused: true })),
    /^error b: its replay of WAL is paused; .*pg_wal_replay_resume/,
  ],
  ["a standby far behind", says("b", node("b", {}, { lagSeconds: 99 })), /^warning b: is 99 s behind/],
  [
    "repmgrd gone",
    says("b", node("b", { repmgrd: { running: false, because: null } })),
    /^warning b: repmgrd does not run/,
  ],
  [
    "repmgrd held back",
    says("b", node("b", { repmgrd: { running: false, because: "the name a could not be resolved within 3 s" } })),
    /^warning b: repmgrd is held back: the name a .* mend the DNS server/s,
  ],
  [
    "a full disk",
    says("b", node("b", { disk: { freeBytes: 1024, totalBytes: 1e9 } })),
    /^error b: has 1.0 kB free on the volume of its data; make its volume larger/,
  ],
  [
    "little room",
    says("b", node("b", { disk: { freeBytes: 4e7, totalBytes: 1e9 } })),
    /^warning b: has 38.1 MB free on the volume of its data/,
  ],
  [
    "old data of a restore",
    says("b", node("b", { kept: { timeline: 3, bytes: 4e7, sinceMs: 0, backup: null, untilMs: null } })),
    /^warning b: keeps 38.1 MB of data from before its restore of 1970-01-01 00:00 UTC, until a base backup from after it/,
  ],
  [
    "paused",
    says("a", node("a", { paused: { on: true, count: 1, atMs: 1 } })),
    /^warning cluster: .*paused; type: postdock cluster resume/,
  ],
  ["forced", says("a", node("a", { forced: true })), /^warning a: was forced to become primary/],
  [
    "a mode that cannot be kept",
    says("a", node("a", { consistency: { mode: "strict", degraded: "no standby" } })),
    /^error a: CONSISTENCY=strict cannot be kept: no standby/,
  ],
  [
    "a voter that refuses",
    says("a", node("a", { lease: { ...leaseOf("a"), refusals: ["c: another CLUSTER_KEY"] } })),
    /^error a: a voter does not grant the lease: c: another CLUSTER_KEY/,
  ],
  [
    "a voter that has just started, which the primary does not know yet",
    says("c", node("c", { lease: { ...leaseOf("c"), grantedTo: null } })),
    /^error a: a voter does not grant the lease: c: no grant since it started/,
  ],
  [
    "bootstrap",
    says("a", node("a", { lease: { ...leaseOf("a"), mode: "bootstrap", because: "no majority yet" } })),
    /^warning cluster: no majority yet/,
  ],
  [
    "another version",
    says("pool", { ...poolStatus, postdock: "2.1.0" }),
    /^warning cluster: the versions of PostDock differ: .*pool 2\.1\.0/,
  ],
  ["a clock behind", says("b", node("b"), -120_000), /^warning b: its clock is 120 s behind/],
  [
    "a clock far ahead",
    says("b", node("b"), 1_000_000),
    /^error b: its clock is 1000 s ahead: its signed messages are refused/,
  ],
  ["a pool without a primary", says("pool", { ...poolStatus, primary: null }), /^error pool: sends writes to no node/],
  [
    "a false primary behind the pool",
    says("pool", { ...poolStatus, backends: [{ ...poolStatus.backends[0]!, truth: "false-primary" }] }),
    /^error pool: backend 0 \(a\) says it is primary/,
  ],
  [
    "a detached backend",
    says("pool", { ...poolStatus, backends: [{ ...poolStatus.backends[0]!, status: "down" }] }),
    /^warning pool: backend 0 \(a\) serves, but is detached/,
  ],
  ["no WAL at barman", says("backup", { ...barmanStatus, receiving: false }), /^error backup: receives no WAL/],
  [
    "barman check",
    says("backup", { ...barmanStatus, checkOk: false, checkFailures: ["ssh: FAILED"] }),
    /^error backup: barman check fails: ssh: FAILED; run `barman check pg_cluster`/,
  ],
  [
    "no object store",
    says("backup", {
      ...barmanStatus,
      cloud: {
        url: "s3://bucket",
        lastUploadMs: null,
        waitingWalFiles: 1,
        waitingBackups: null,
        failing: { what: "There is no bucket bucket", fix: "make the bucket" },
      },
    }),
    /^warning backup: backups do not reach the object store: There is no bucket bucket; make the bucket/,
  ],
  [
    "no backup",
    says("backup", { ...barmanStatus, backups: 0 }),
    /^warning backup: there is no backup yet; wait for BACKUP_SCH/,
  ],
  [
    "the first backup",
    says("backup", { ...barmanStatus, backups: 0, backupWanted: "there is none", backupRunsMs: 8_000 }),
    /^warning backup: there is no backup yet: one has been under way for 8 s;/,
  ],
  [
    "incremental backups that cannot be taken",
    says("backup", {
      ...barmanStatus,
      backupSource: {
        host: "b",
        role: "standby",
        because: "it fits",
        kind: "full",
        kindBecause: "a has summarize_wal off",
        fix: "add it",
      },
    }),
    /^warning backup: takes full backups only: a has summarize_wal off; add it/,
  ],
  [
    "a backup that is kept for a node that is gone",
    says("backup", {
      ...barmanStatus,
      kept: [{ backup: "b1", node: "old", silentMs: 660_000 }, { backup: "b1", node: "a", silentMs: 5_000 }],
    }),
    /^warning backup: keeps backup b1 .* for a restore of old, .* for 11 minutes; start old; .* keep b1 --release/,
  ],
  [
    "a backup that cannot be taken",
    says("backup", { ...barmanStatus, backups: 0, backupWanted: "there is none" }),
    /^warning backup: there is no backup yet; it is taken as soon as it can be; if none begins, see the log of backup/,
  ],
];
for (const [name, member, expected] of table) {
  test(`${name} is the only finding, with its fix`, () => {
    const found = lines(withMember(member));
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, expected);
  });
}

test("without a majority it names the missing voters, and the command that forces the node with the most WAL", () => {
  const standby = (host: string, lsn: string) =>
    says(host, node(host, { phase: "waiting" }, { role: "none", lsn, upstream: null }));
  const found = lines([silent("a"), silent("c"), standby("b", "0/2000000")]);
  assert.match(
    found.join("\n"),
    /no majority to choose one: a, c of the voters a, b, c do not answer; start a, c, or mend the network .*only if they are gone for good, .*--force b/,
  );
  const two = lines([silent("c"), standby("a", "0/1000000"), standby("b", "0/2000000")]);
  assert.match(two.join("\n"), /cluster: no primary is in sight/);
});

test("without a primary while failover is paused, the pause is the cause, and resume what to type", () => {
  const paused = (host: string) =>
    says(host, node(host, { paused: { on: true, count: 1, atMs: 1 } }, { role: "standby", upstream: null }));
  const found = lines([silent("a"), paused("b"), paused("c")]).join("\n");
  assert.match(found, /error cluster: no primary is in sight, and .* is paused; type: postdock cluster resume/);
});

test("a voter that has just started is a warning that passes, and a silent one is reported once", () => {
  const started = { ...leaseOf("a"), refusals: ["c: this voter started less than one LEASE_TTL ago"] };
  const late = lines(withMember(says("a", node("a", { lease: started })))).join();
  assert.match(late, /^warning a: a voter does not vote yet: c/);
  const gone = { ...leaseOf("a"), refusals: ["c: no answer within 0.6 s"] };
  const found = lines([says("a", node("a", { lease: gone })), says("b", node("b")), silent("c")]);
  assert.equal(
    found.filter((l) => l.includes("c")).filter((l) => /does not answer|grant/.test(l)).length,
    1,
    found.join("\n"),
  );
});

test("two voters have no automatic failover, and three ways out", () => {
  const off = { ...leaseOf("b"), mode: "off" as const, because: "2 voters", voters: ["a", "b"] };
  const found = lines(["a", "b"].map((h) => says(h, node(h, { lease: off }))));
  assert.match(
    found.join("\n"),
    /warning cluster: no lease .*2 voters; add a third node to PARTNER_NODES, .*QUORUM_OBSERVERS.*QUORUM=off/,
  );
});

test("errors come before warnings", () => {
  const members = [silent("c"), says("a", node("a", { forced: true })), says("b", node("b"))];
  const levels = diagnose(cluster(members)).map((f) => f.level);
  assert.deepEqual(levels, levels.toSorted());
});

test("the node to force is the one with the most WAL, however little the others lack", () => {
  const voters = ["a", "b", "c", "d"];
  const left = (host: string, timeline: number | null, lsn: string | null) => {
    const lease = { ...leaseOf(host), held: false, voters };
    return says(host, node(host, { lease }, { role: "standby", upstream: null, timeline, lsn }));
  };
  const named = (a: Member, b: Member) => /--force (\w+)/.exec(lines([a, b, silent("c"), silent("d")]).join())?.[1];
  assert.equal(named(left("a", 3, "0/3000060"), left("b", 3, "0/3000100")), "b");
  assert.equal(named(left("a", 3, "0/3000100"), left("b", 3, "0/3000060")), "a");
  assert.equal(named(left("a", 3, "1/0"), left("b", 3, "0/FFFFFFFF")), "a");
  assert.equal(named(left("a", 3, "0/3000100"), left("b", 4, "0/3000060")), "b");
  assert.equal(named(left("a", null, null), left("b", 1, "0/3000060")), "b");
});

test("a node whose password is not the primary's is named, and so is why no standby is promoted", () => {
  const roles = [{ because: "REPLICATION_PASSWORD of b is not the password of repl in a", fix: "set the same" }];
  const named = lines(withMember(says("b", node("b", { roles }))));
  assert.deepEqual(named, ["warning b: REPLICATION_PASSWORD of b is not the password of repl in a; set the same"]);
  const because = "it is not promoted: it was cut off from its primary for 70.0 s";
  const left = [silent("a"), says("b", node("b", { because })), says("c", node("c"))];
  assert.match(
    lines(left).join("\n"),
    /^error cluster: no primary is in sight; b: it is not promoted: it was cut off/m,
  );
});
