// What pgpool 4.6.1 answers to its show commands, as metrics of the names that dashboards know.
import assert from "node:assert/strict";
import { test } from "node:test";
import { familiesText } from "../../../core/words/family.ts";
import { frontendFamilies, parseShows, readFamilies, showFamilies, showsAfter } from "./pool-shows.ts";

const nodes =
  "node_id|hostname|port|status|pg_status|lb_weight|role|pg_role|select_cnt|load_balance_node|replication_delay|" +
  "replication_state|replication_sync_state|last_status_change\n" +
  "0|pgmaster|5432|down|unknown|0.250000|standby|unknown|0|false|0|||2026-11-28 08:29:26\n" +
  "1|pgslave1|5432|up|up|0.250000|primary|primary|4|true|17|streaming|async|2026-11-28 08:29:30\n(2 rows)\n";
const stats =
  "node_id|hostname|port|status|role|select_cnt|insert_cnt|update_cnt|delete_cnt|ddl_cnt|other_cnt|panic_cnt|fatal_cnt|error_cnt\n" +
  "1|pgslave1|5432|waiting|primary|4|3|2|1|0|5|0|0|9\n(1 row)\n";
const login = "?column?\n1\n(1 row)\n";
const lines = (stdout: string) =>
  familiesText(showFamilies(parseShows(stdout))).split("\n").filter((l) => !l.startsWith("#"));

test("counters and delays of each backend have its host, port and role", () => {
  const shown = lines(nodes + stats + login);
  assert.ok(shown.includes('pgpool2_pool_nodes_replication_delay{hostname="pgslave1",port="5432",role="primary"} 17'));
  assert.ok(shown.includes('pgpool2_pool_nodes_select_cnt{hostname="pgmaster",port="5432",role="standby"} 0'));
  assert.ok(shown.includes('pgpool2_pool_backend_stats_error_cnt{hostname="pgslave1",port="5432",role="primary"} 9'));
  assert.ok(shown.includes('pgpool2_pool_backend_stats_status{hostname="pgslave1",port="5432",role="primary"} 1'));
});

test("an answer that failed or is cut off is absent, and does not shift the others", () => {
  assert.deepEqual(lines(stats + login).filter((line) => line.startsWith("pgpool2_pool_nodes")), []);
  assert.ok(lines(stats + login).some((line) => line.startsWith("pgpool2_pool_backend_stats_insert_cnt")));
  assert.deepEqual(lines("node_id|hostname|replication_delay\n1|a").filter((line) => line !== ""), []);
  assert.deepEqual(lines("").filter((line) => line !== ""), []);
});

test("how full pgpool is counts over all users", () => {
  const text = familiesText(frontendFamilies([
    { username: "a", database: "d", count: 3 },
    { username: "b", database: "d", count: 1 },
  ], 16));
  assert.match(text, /^pgpool2_frontend_used\{database="d",username="a"\} 3$/m);
  assert.match(text, /^pgpool2_frontend_used_ratio 0.25$/m);
});

test("an answer that cannot be read is absent, and its age goes on growing until one is read", () => {
  const text = (shows: ReturnType<typeof showsAfter> | null, nowMs: number) => familiesText(readFamilies(shows, nowMs));
  assert.equal(text(null, 1_000), "");
  const never = showsAfter(showsAfter(null, null, 1_000), null, 11_000);
  assert.match(text(never, 21_000), /^postdock_metrics_age_seconds\{source="show"\} 20$/m);
  const read = showsAfter(never, parseShows(nodes), 21_000);
  assert.match(text(read, 24_000), /^postdock_metrics_age_seconds\{source="show"\} 3$/m);
  assert.match(text(read, 24_000), /^pgpool2_pool_nodes_select_cnt/m);
  const failed = showsAfter(showsAfter(read, null, 31_000), null, 41_000);
  assert.match(text(failed, 51_000), /^postdock_metrics_age_seconds\{source="show"\} 30$/m);
  assert.doesNotMatch(text(failed, 51_000), /pgpool2/);
});
