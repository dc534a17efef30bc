// The HTTP answers of every role, without a port: probes, sizes, metrics, and what happens when a look fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { httpApp, type RoleHttp } from "./app.ts";
import { createLog } from "../runtime/log.ts";
import { BarmanStatus } from "../protocol/status.ts";
import { no, yes } from "../words/verdict.ts";

const status: BarmanStatus = {
  schema: 1,
  postdock: "2.0",
  component: "barman",
  phase: "running",
  doing: "d",
  because: "b",
  uptimeSeconds: 1,
  variables: {},
  observedAgoMs: 0,
  server: "s",
  primary: null,
  receiving: false,
  checkOk: null,
  checkFailures: [],
  backups: null,
  lastBackup: null,
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

const quiet = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const roleOf = (changes: Partial<RoleHttp> = {}): RoleHttp => ({
  status: () => status,
  healthz: () => Promise.resolve(yes("sound")),
  readyz: () => Promise.resolve(no("starting")),
  primary: () => Promise.resolve(yes("primary")),
  replica: (lag) => Promise.resolve(yes(`lag ${lag}`)),
  readOnly: () => Promise.resolve(yes("reads")),
  addresses: () => ({ pgmaster: "10.0.0.2" }),
  metrics: () => Promise.resolve("postdock_up 1\n"),
  ...changes,
});
const appOf = (changes: Partial<RoleHttp> = {}) => httpApp(roleOf(changes), quiet);

test("a yes is 200 and a no is 503, each with its reason", async () => {
  const app = appOf();
  for (const [path, code, text] of [["/healthz", 200, "sound\n"], ["/readyz", 503, "starting\n"]] as const) {
    const answer = await app.request(path);
    assert.equal(answer.status, code);
    assert.equal(await answer.text(), text);
  }
});

test("a status is certain only if ?fresh=1 asked for it and the look succeeded", async () => {
  const certain = async (path: string, seen: boolean) => {
    const answer = await appOf({ look: () => Promise.resolve(seen) }).request(path);
    return (await answer.json() as { certain?: boolean }).certain;
  };
  assert.equal(await certain("/status?fresh=1", true), true);
  assert.equal(await certain("/status?fresh=1", false), false);
  assert.equal(await certain("/status", true), undefined);
});

test("the status names variables that nothing reads", async () => {
  const app = httpApp(roleOf(), quiet, { strangers: ["NOTVISIBLE is no longer read"] });
  assert.deepEqual(BarmanStatus.parse(await (await app.request("/status")).json()).strangers, [
    "NOTVISIBLE is no longer read",
  ]);
});

test("a look that fails is a no, never a yes", async () => {
  const paths = {
    healthz: "/healthz",
    readyz: "/readyz",
    primary: "/primary",
    replica: "/replica",
    readOnly: "/read-only",
  };
  for (const [key, path] of Object.entries(paths)) {
    const failing = await appOf({ [key]: () => Promise.reject(new Error("blind")) }).request(path);
    assert.equal(failing.status, 503);
    assert.match(await failing.text(), /could not see: blind/);
    const throwing = await appOf({
      [key]: () => {
        throw new Error("bug");
      },
    }).request(path);
    assert.ok(throwing.status >= 500);
  }
});

test("/replica takes a size as the limit of lag, and refuses anything else", async () => {
  const app = appOf();
  const asked = async (query: string) => await (await app.request(`/replica${query}`)).text();
  assert.equal(await asked(""), "lag null\n");
  assert.equal(await asked("?lag=16MB"), `lag ${16 * 1024 ** 2}\n`);
  for (const query of ["?lag=", "?lag=much", "?lag=-1", "?lag=1.5MB"]) {
    assert.equal((await app.request(`/replica${query}`)).status, 400, query);
  }
});

test("/status matches its schema", async () => {
  assert.deepEqual(BarmanStatus.parse(await (await appOf().request("/status")).json()), status);
});

test("an unknown path is answered with the known ones", async () => {
  const answer = await appOf().request("/nothing");
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /\/healthz/);
});

test("/metrics is Prometheus text", async () => {
  const answer = await appOf().request("/metrics");
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(await answer.text(), /^postdock_up 1\n/);
});

test("/metrics counts what was logged, also below the level of the log, but not what a child prints", async () => {
  const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
  log.with({ node: "n" }).info("Promoted", { because: "b" });
  log.info("Promoted", { because: "c" });
  log.warn("Process ended, restarting", { process: "repmgrd", cause: "signal" });
  log.warn("Fenced", { because: "a sentence, which does not become a label" });
  log.info("Output", { process: "repmgrd", line: "x" });
  log.debug("WAL stored");
  const text = await (await httpApp(roleOf(), log).request("/metrics")).text();
  assert.deepEqual(text.split("\n").filter((line) => line.startsWith("postdock_events_total")), [
    'postdock_events_total{event="Promoted",level="info"} 2',
    'postdock_events_total{cause="signal",event="Process ended, restarting",level="warning",process="repmgrd"} 1',
    'postdock_events_total{event="Fenced",level="warning"} 1',
  ]);
});

test("many scrapes at once cost one, and many fresh looks at most one after the other", async () => {
  let [scrapes, looks] = [0, 0];
  const app = appOf({
    metrics: () => Promise.resolve(`postdock_up ${++scrapes}\n`),
    look: () => Promise.resolve(++looks > 0),
  });
  const all = (path: string) => Promise.all(Array.from({ length: 50 }, async () => (await app.request(path)).text()));
  assert.equal(new Set((await all("/metrics")).map((text) => text.split("\n")[0])).size, 1);
  await all("/status?fresh=1");
  assert.deepEqual([scrapes, looks], [1, 1]);
});

test("with a password /metrics is answered only with it, as basic authentication or as a token; the rest stays open", async () => {
  const app = httpApp(roleOf(), quiet, { config: { metricsUser: "prom", metricsPassword: "s3cret pass" } });
  const asked = async (authorization?: string) =>
    (await app.request("/metrics", { headers: authorization === undefined ? {} : { authorization } })).status;
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  assert.equal(await asked(), 401);
  assert.equal(await asked(basic("prom:wrong")), 401);
  assert.equal(await asked(basic("other:s3cret pass")), 401);
  assert.equal(await asked("Bearer "), 401);
  assert.equal(await asked(basic("prom:s3cret pass")), 200);
  assert.equal(await asked("Bearer s3cret pass"), 200);
  assert.equal((await app.request("/readyz")).status, 503);
  const open = httpApp(roleOf(), quiet, { config: { metricsUser: "prom", metricsPassword: "" } });
  assert.equal((await open.request("/metrics")).status, 200);
});

test("the page and its events need the same password; without a page there is none", async () => {
  const openPage = () => ({
    page: () => Promise.resolve("<p>"),
    parts: () => Promise.resolve({}),
    policy: "default-src 'none'",
  });
  const app = httpApp(roleOf(), quiet, { config: { metricsUser: "prom", metricsPassword: "x" }, openPage });
  for (const path of ["/", "/live"]) assert.equal((await app.request(path)).status, 401);
  assert.equal((await app.request("/", { headers: { authorization: "Bearer x" } })).status, 200);
  assert.equal((await appOf().request("/")).status, 404);
});

test("a connection on which many requests wait gets one answer, unless they are signed orders", async () => {
  const control = new Hono();
  control.post("/control/vote", (c) => c.json({ granted: true }));
  control.post("/control/forged", (c) => c.text("the signature is wrong\n", 401));
  const app = httpApp(roleOf(), quiet, { control });
  const connection = async (method: string, path: string) =>
    (await app.request(path, { method })).headers.get("connection");
  for (const path of ["/metrics", "/status", "/readyz", "/nothing"]) {
    assert.equal(await connection("GET", path), "close", path);
  }
  assert.equal(await connection("POST", "/control/forged"), "close");
  assert.equal(await connection("POST", "/control/vote"), null);
});
