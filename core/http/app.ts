// HTTP on :8080 of every container: probes, /status and /metrics, the same paths for all roles.
// The only file that knows hono and prom-client.
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Gauge, Registry } from "prom-client";
import { postgresAccount } from "../runtime/command.ts";
import { errorText } from "../words/errors.ts";
import { setAccess } from "../runtime/files.ts";
import type { Log } from "../runtime/log.ts";
import type { AnyStatus } from "../protocol/status.ts";
import type { Sample } from "../words/sample.ts";
import { no, type Verdict } from "../words/verdict.ts";

/** What a role answers with. Verdicts come from what was last observed, or look afresh with a deadline of their own. */
export interface RoleHttp {
  status(): AnyStatus;
  /** looks again before a status that is asked for as ?fresh=1; what it cannot see stays as it was. Whether it is certain now. */
  look?(): Promise<boolean>;
  /** resolves when the role has changed since this revision of /status, or after `ms` */
  changed?(revision: number, ms: number): Promise<void>;
  healthz(): Promise<Verdict>;
  readyz(): Promise<Verdict>;
  /** may a client that writes be sent here? */
  primary(): Promise<Verdict>;
  /** may a client that reads be sent to this standby, at most so many bytes behind? */
  replica(maxLagBytes: number | null): Promise<Verdict>;
  readOnly(): Promise<Verdict>;
  /** samples of this moment, from what was last observed; a scrape never waits for a database */
  samples(): Sample[];
}

/** Answers a POST below /control/ from its path, its headers and its body (control.ts). */
export type ControlRoutes = (
  path: string,
  header: (name: string) => string | undefined,
  body: string,
) => Promise<{ status: number; body: string; headers: Record<string, string> }>;

/** How long /status?since=REVISION waits for a change, milliseconds. */
const longestWaitMs = 1_000;
/** Longest body of a request, bytes. */
const longestBody = 64 * 1024;

/** Builds the app; test it with `app.request("/healthz")`. */
export function httpApp(role: RoleHttp, log: Log, control?: ControlRoutes): Hono {
  const app = new Hono();
  app.post("*", bodyLimit({ maxSize: longestBody, onError: (c) => c.text("the body is over 64 kB\n", 413) }));
  const probe = (path: string, ask: (c: Context) => Promise<Verdict>) =>
    app.get(path, async (c) => {
      const verdict = await ask(c).catch((error) => no(`could not see: ${errorText(error)}`));
      return c.text(verdict.because + "\n", verdict.ok ? 200 : 503);
    });
  probe("/healthz", () => role.healthz());
  probe("/readyz", () => role.readyz());
  probe("/primary", () => role.primary());
  probe("/read-only", () => role.readOnly());
  app.get("/replica", async (c) => {
    const text = c.req.query("lag");
    const lag = text === undefined ? null : parseBytes(text);
    if (lag === undefined) return c.text(`lag=${text} is not a size: write bytes, or kB, MB, GB as in lag=16MB\n`, 400);
    const verdict = await role.replica(lag).catch((error) => no(`could not see: ${errorText(error)}`));
    return c.text(verdict.because + "\n", verdict.ok ? 200 : 503);
  });
  if (control) {
    app.post("/control/*", async (c) => {
      const answer = await control(c.req.path, (name) => c.req.header(name), await c.req.text());
      return new Response(answer.body, { status: answer.status, headers: answer.headers });
    });
  }
  app.get("/status", async (c) => {
    const certain = c.req.query("fresh") === undefined ? undefined : await role.look?.();
    const since = Number(c.req.query("since") ?? NaN);
    if (Number.isInteger(since)) await role.changed?.(since, longestWaitMs);
    return c.json(certain === undefined ? role.status() : { ...role.status(), certain });
  });
  app.get("/metrics", async (c) => c.text(await renderMetrics(role.samples()), 200, { "content-type": metricsType }));
  app.notFound((c) => c.text("not found: try /healthz /readyz /primary /replica /read-only /status /metrics\n", 404));
  app.onError((error, c) => {
    log.error("Request failed", { path: c.req.path, error });
    return c.text("internal error, see the log of this container\n", 500);
  });
  return app;
}

const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Samples as Prometheus text; all are gauges unless the name ends in _total. */
export async function renderMetrics(samples: readonly Sample[]): Promise<string> {
  const registry = new Registry();
  for (const [name, same] of Map.groupBy(samples, (s) => s.name)) {
    const labelNames = [...new Set(same.flatMap((s) => Object.keys(s.labels ?? {})))];
    const gauge = new Gauge({ name, help: same[0]!.help, labelNames, registers: [registry] });
    for (const sample of same) gauge.set(sample.labels ?? {}, sample.value);
  }
  return (await registry.metrics()).replace(/^# TYPE (\S+_total) gauge$/gm, "# TYPE $1 counter");
}

/** "16MB" to bytes (kB, MB, GB as PostgreSQL counts them, by 1024); undefined where it is not a size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,12})\s*(B|kB|MB|GB)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }[(match[2] ?? "b").toLowerCase()];
  return Number(match[1]) * (unit ?? 1);
}

/** Serves the app on a port of all addresses, or on a unix socket with these permission bits; resolves once it listens. */
export async function serve(
  app: Hono,
  at: { port: number } | { socketPath: string },
  mode?: number,
): Promise<{ close(): void }> {
  if ("socketPath" in at) {
    const server = await listening(app, { path: at.socketPath });
    await setAccess(at.socketPath, { mode: mode ?? 0o600, owner: postgresAccount });
    return server;
  }
  try {
    return await listening(app, { port: at.port, host: "::" });
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return await listening(app, { port: at.port, host: "0.0.0.0" }); // no IPv6 here
  }
}

function listening(app: Hono, at: { path: string } | { port: number; host: string }): Promise<{ close(): void }> {
  const server = createAdaptorServer({ fetch: app.fetch });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, () => resolve({ close: () => void server.close() }));
  });
}
