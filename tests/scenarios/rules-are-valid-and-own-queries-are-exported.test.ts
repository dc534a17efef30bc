// Promise: the rules for alerts are valid, and Prometheus reads its configuration. Queries of the operator are exported too, read-only
// and as a role that sees statistics alone.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureMonitoring } from "../../tools/images.ts";
import { attempt } from "../../tools/terminal.ts";
import { executableMount, prefix } from "../support/cluster.ts";
import { docker, exec } from "../support/docker.ts";
import { parseScrape } from "../support/series.ts";

const deps = { clock: systemClock };
/** promtool computes for half a minute where it has a processor for itself. */
const longMs = 300_000;

test("the rules are valid, and Prometheus reads its configuration", async () => {
  await ensureMonitoring();
  const run = ["run", "--rm", "--network", "none", "postdock/monitoring:latest", "promtool"];
  const checked = await docker([...run, "check", "config", "/etc/postdock-monitoring/prometheus.yml"], longMs);
  assert.match(checked, /SUCCESS: \d+ rules found/);
  await docker([...run, "test", "rules", "/etc/postdock-monitoring/rules.test.yml"], longMs);
});

const queries = `
shop_orders:
  query: "select status, count(*) as count, max(placed) as newest from public.orders group by status"
  metrics:
    - status: {usage: LABEL, description: Status}
    - count: {usage: GAUGE, description: Orders}
    - newest: {usage: GAUGE, description: "Newest order, seconds since the epoch"}
shop_secrets:
  query: "select count(*) as count from public.secrets"
  metrics:
    - count: {usage: GAUGE, description: Secrets}
`;

test("queries of the operator are exported, read-only and as a role that sees statistics alone", async () => {
  const directory = await mkdtemp(join(tmpdir(), "queries-"));
  const name = `${prefix}-queries`;
  const run = (...options: string[]) => ["run", "--rm", "--name", name, ...executableMount, ...options];
  const node = ["-e", "NODE_ID=1", "-e", "NODE_NAME=node1", "-e", "POSTGRES_PASSWORD=secret-of-the-test"];
  const file = ["-v", `${directory}:/queries:ro`, "-e", "METRICS_QUERIES=/queries/queries.yaml"];
  await attempt(["docker", "rm", "-fv", name], { timeoutMs: 60_000 });
  try {
    await chmod(directory, 0o755);
    await writeFile(join(directory, "queries.yaml"), "a: {query: select 1}");
    const check = run(...node, ...file, "postdock/postgres:latest", "config", "check");
    const refused = await attempt(["docker", ...check], { timeoutMs: 60_000 });
    assert.equal(refused.code, 78, refused.stdout + refused.stderr);
    assert.match(
      refused.stdout,
      /METRICS_QUERIES names \/queries\/queries\.yaml, .* a\.metrics: .*\n {2}fix: write NAME/,
    );
    await writeFile(join(directory, "queries.yaml"), queries);
    await docker(run("-d", ...node, ...file, "postdock/postgres:latest"));
    const sql = (text: string) => exec(name, ["gosu", "postgres", "psql", "-XAtqc", text]);
    // the server of the bootstrap answers as well, and ends before the node serves
    const up = () => exec(name, ["postdock", "healthcheck", "ready"]).then(() => true, () => false);
    await waitUntil(up, { what: "the node to serve", deadlineMs: 60_000 }, deps);
    await sql(
      "create table orders(status text, placed timestamptz); create table secrets(a int); grant select on orders to pg_monitor; " +
        "insert into orders values ('open', 'epoch'), ('open', '1970-01-01 00:01:00+00'), ('closed', null)",
    );
    const seen = async () => {
      const { values } = parseScrape(await exec(name, ["postdock", "metrics"]));
      return values.get('shop_orders_count{status="open"}') === 2 ? values : null;
    };
    const values = await waitUntil(seen, { what: "the queries to be read", deadlineMs: 60_000, everyMs: 500 }, deps);
    assert.equal(values.get('shop_orders_newest{status="open"}'), 60);
    assert.equal(values.has('shop_orders_newest{status="closed"}'), false, "null is absent");
    assert.equal(values.get('postdock_custom_query_error{query="shop_orders"}'), 0);
    assert.equal(values.get('postdock_custom_query_error{query="shop_secrets"}'), 1);
    assert.equal(values.has("shop_secrets_count"), false);
    assert.match(await docker(["logs", name]), /"query":"shop_secrets","why":"permission denied for table secrets"/);
  } finally {
    await attempt(["docker", "rm", "-fv", name], { timeoutMs: 60_000 });
    await rm(directory, { recursive: true });
  }
});
