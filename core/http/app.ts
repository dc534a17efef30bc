// HTTP on :8080 of every container: probes, /status and /metrics, the same paths for all roles.
import { createHash, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { errorText } from "../words/errors.ts";
import type { Log } from "../runtime/log.ts";
import { metricsType } from "./metrics.ts";
import { addPage, type OpenPage } from "./page.ts";
import type { AnyStatus } from "../protocol/status.ts";
import { oneAtATime, shared } from "../runtime/time.ts";
import { familiesText, type Family } from "../words/family.ts";
import { processFamilies } from "../runtime/own-process.ts";
import { longestBody } from "./decide/request-head.ts";
import { parseBytes } from "../words/amounts.ts";
import { no, type Verdict } from "../words/verdict.ts";

/** What a role answers. Verdicts come from the last observation, or from a new look with its own deadline. */
export interface RoleHttp {
  status(): AnyStatus;
  /** looks again for /status?fresh=1; what it cannot see stays as it was. Returns whether the status is certain now */
  look?(): Promise<boolean>;
  /** resolves when the role has changed since this revision of /status, or after `ms` */
  changed?(revision: number, ms: number): Promise<void>;
  healthz(): Promise<Verdict>;
  readyz(): Promise<Verdict>;
  /** may a client that writes be sent here? */
  primary(): Promise<Verdict>;
  /** may a client that reads be sent to this standby, if it may be at most so many bytes behind? */
  replica(maxLagBytes: number | null): Promise<Verdict>;
  readOnly(): Promise<Verdict>;
  /** the last good addresses of other containers, by name: a command beside the agent asks for them, since DNS may be silent */
  addresses(): Readonly<Record<string, string>>;
  /** what happened here and why, oldest first */
  history?(): readonly object[];
  /** Prometheus text from what was last observed; a scrape never waits for a database */
  metrics(): Promise<string>;
}

/** How long /status?since=REVISION waits for a change, milliseconds. */
const longestWaitMs = 1_000;
/** What a scrape gets may be so old, milliseconds: a flood of scrapes costs no more than a few. */
const metricsMs = 100;

/** Who may read /metrics and the page; without a password everybody. */
export interface MetricsAccess {
  metricsUser: string;
  metricsPassword: string;
}

export interface AppParts {
  /** the signed orders (control.ts) */
  control?: Hono;
  config?: MetricsAccess;
  /** environment variables that nobody reads, for /status (strangersOf() of config/roles.ts) */
  strangers?: readonly string[];
  /** makes the page at / */
  openPage?: OpenPage | undefined;
}

/** Builds the app; test it with `app.request("/healthz")`. */
export function httpApp(role: RoleHttp, log: Log, { control, config, strangers, openPage }: AppParts = {}): Hono {
  const refuse = (c: Context) => config ? refusal(config, c) : null;
  const status = (): AnyStatus => strangers ? { ...role.status(), strangers: [...strangers] } : role.status();
  const look = role.look && oneAtATime(() => role.look!());
  const metrics = shared(
    async () => await role.metrics() + familiesText([eventFamily(log.counts()), ...processFamilies()]),
    metricsMs,
  );
  const app = new Hono();
  app.use(endsConnection);
  app.post("*", bodyLimit({ maxSize: longestBody, onError: (c) => c.text("the body is over 64 kB\n", 413) }));
  addProbe(app, "/healthz", () => role.healthz());
  addProbe(app, "/readyz", () => role.readyz());
  addProbe(app, "/primary", () => role.primary());
  addProbe(app, "/read-only", () => role.readOnly());
  app.get("/replica", async (c) => {
    const text = c.req.query("lag");
    const lag = text === undefined ? null : parseBytes(text);
    if (lag === undefined) return c.text(`lag=${text} is not a size: write bytes, or kB, MB, GB as in lag=16MB\n`, 400);
    return await answerWith(c, role.replica(lag));
  });
  if (control) app.route("/", control);
  app.get("/status", async (c) => {
    const since = Number(c.req.query("since") ?? NaN);
    return c.json(
      await statusNow({ ...role, status, ...(look ? { look } : {}) }, {
        fresh: c.req.query("fresh") !== undefined,
        since,
      }),
    );
  });
  app.get("/addresses", (c) => c.json(role.addresses()));
  app.get("/history", (c) => c.json({ schema: 1, entries: role.history?.() ?? [] }));
  app.get("/metrics", async (c) => {
    const refused = refuse(c);
    if (refused) return refused;
    return c.text(await metrics(), 200, { "content-type": metricsType });
  });
  if (openPage) addPage(app, openPage(status), refuse);
  app.notFound((c) => c.text("not found: try / /healthz /readyz /primary /replica /read-only /status /metrics\n", 404));
  app.onError((error, c) => {
    log.error("Request failed", { path: c.req.path, error });
    return c.text("internal error, see the log of this container\n", 500);
  });
  return app;
}

/** What the container is: at once, after a new look at its server, or once it differs from a revision. */
export async function statusNow(
  role: RoleHttp,
  how: { fresh?: boolean | undefined; since?: number | undefined },
): Promise<AnyStatus & { certain?: boolean }> {
  const certain = how.fresh ? await role.look?.() : undefined;
  if (Number.isInteger(how.since)) await role.changed?.(how.since!, longestWaitMs);
  return certain === undefined ? role.status() : { ...role.status(), certain };
}

/** The answer to a request without the password; null: none is needed, or it is there. */
function refusal(config: MetricsAccess, c: Context): Response | null {
  if (mayRead(config, c.req.header("authorization") ?? "")) return null;
  const how = "METRICS_PASSWORD is set: send it as a bearer token, or as the password of METRICS_USER\n";
  return c.text(how, 401, { "www-authenticate": 'Basic realm="metrics", Bearer' });
}

/** Compares digests, so that the time tells nothing of the password. */
function mayRead(config: MetricsAccess, authorization: string): boolean {
  const { metricsUser, metricsPassword } = config;
  if (metricsPassword === "") return true;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const basic = Buffer.from(`${metricsUser}:${metricsPassword}`).toString("base64");
  const [given, ...accepted] = [authorization, `Bearer ${metricsPassword}`, `Basic ${basic}`].map(digest);
  return accepted.map((wanted) => timingSafeEqual(given!, wanted)).includes(true);
}

/** What has happened, by the words of the log. They are constants in the code, so the series have a bound. */
function eventFamily(counts: ReturnType<Log["counts"]>): Family {
  return {
    name: "postdock_events_total",
    type: "counter",
    help: "Times that this container has logged an event since its start; process: the child that it is about",
    samples: counts.map(({ event, level, process, cause, count }) => ({
      labels: {
        event,
        level: level.toLowerCase(),
        ...(process === "" ? {} : { process }),
        ...(cause === "" ? {} : { cause }),
      },
      value: count,
    })),
  };
}

/**
 * What an answer costs keeps the agent from its work. So a connection on which many requests wait gets one answer, unless they
 * are signed orders.
 */
async function endsConnection(c: Context, next: () => Promise<void>): Promise<void> {
  await next();
  if (c.req.method === "GET" || !c.res.ok) c.res.headers.set("connection", "close");
}

/** A GET path that answers a question: 200 yes, 503 no, with one line that says why. A look that fails answers no. */
export function addProbe(app: Hono, path: string, ask: (c: Context) => Promise<Verdict>): void {
  app.get(path, (c) => answerWith(c, ask(c)));
}

async function answerWith(c: Context, asked: Promise<Verdict>): Promise<Response> {
  const verdict = await asked.catch((error) => no(`could not see: ${errorText(error)}`));
  return c.text(verdict.because + "\n", verdict.ok ? 200 : 503);
}
