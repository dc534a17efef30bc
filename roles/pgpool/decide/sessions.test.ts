import assert from "node:assert/strict";
import { test } from "node:test";
import { countSessions, isSaturated, usedSessions, whyNoLogin } from "./sessions.ts";

/** As pgpool 4.6.1 sets them. */
const titles = [
  "pgpool: postgres postgres 127.0.0.1(57492) SELECT",
  "pgpool: monkey user db 10.0.0.9(1) idle",
  "pgpool: accept connection",
  "pgpool: wait for connection request",
  "pgpool: PCP: wait for connection request",
  "pgpool: worker process",
  "pgpool: health check process(0)",
];

test("countSessions() counts children with a client, not those that wait and not pgpool's helpers", () => {
  assert.deepEqual(countSessions(titles, 4), { busy: 3, total: 4 });
  assert.deepEqual(countSessions(titles.slice(3), 4), { busy: 0, total: 4 });
});

test("usedSessions() counts by user and database; a user may have a space in its name, and nobody is a zero", () => {
  assert.deepEqual(usedSessions([...titles, "pgpool: postgres postgres [local] idle"]), [
    { username: "postgres", database: "postgres", count: 2 },
    { username: "monkey user", database: "db", count: 1 },
    { username: "", database: "", count: 1 },
  ]);
  assert.deepEqual(usedSessions(titles.slice(3)), [{ username: "", database: "", count: 0 }]);
});

test("isSaturated() only if every session is in use; what is not known is not", () => {
  assert.deepEqual([{ busy: 3, total: 4 }, { busy: 4, total: 4 }, null].map(isSaturated), [false, true, false]);
});

test("whyNoLogin() takes two failures in a row, and names num_init_children where that is the cause", () => {
  const why = "timeout expired";
  assert.equal(whyNoLogin({ failures: 1, why }, null), null);
  assert.equal(whyNoLogin({ failures: 2, why }, { busy: 1, total: 4 }), "no login gets through: timeout expired");
  assert.match(whyNoLogin({ failures: 2, why }, { busy: 4, total: 4 }) ?? "", /all 4 sessions \(num_init_children\)/);
});
