// Wiring of the pgpool role: configuration, HTTP, sshd, and the agent that keeps pgpool right.
import { completePgpoolConfig, type PgpoolConfig, pgpoolVariables } from "../../config/pgpool.ts";
import type { Command, Context } from "../runtime/context.ts";
import { probe } from "../runtime/healthcheck.ts";
import { httpApp, serve } from "../runtime/http-app.ts";
import { httpPort } from "../runtime/peers.ts";
import { prepareSshd } from "../runtime/sshd.ts";
import { ConfigError, loadConfig, roleLog, runUntilSignal, secretsOf } from "../runtime/start.ts";
import { supervise } from "../runtime/supervisor.ts";
import { newAgent, runAgent } from "./agent.ts";
import { hasEnoughBackends, hasWriteNode, pgpoolHttp } from "./http.ts";
import { preparePgpool } from "./pgpool-process.ts";

/** Reads and completes the configuration of this role. Throws ConfigError with every problem. */
export function loadPgpoolConfig(context: Context): PgpoolConfig {
  const completed = completePgpoolConfig(loadConfig(pgpoolVariables, context));
  if (!completed.ok) throw new ConfigError(completed.problems);
  return completed.config;
}

/** `pgpool entrypoint`: the container's main process. */
export const pgpoolEntrypoint: Command = async (context) => {
  const config = loadPgpoolConfig(context);
  const secrets = [...secretsOf(pgpoolVariables, config), ...config.dbUsers.map((u) => u.password)];
  const log = roleLog(context, config.logLevel, secrets);
  return await runUntilSignal(context, log, async (stop) => {
    const agent = newAgent(config, { clock: context.clock, log, stop });
    await preparePgpool(config, log);
    const sshd = config.sshEnable ? supervise(await prepareSshd(), agent) : null;
    const app = httpApp(pgpoolHttp(agent), log);
    app.get("/local/has-write-node", (c) => {
      const verdict = hasWriteNode(agent);
      return c.text(verdict.because + "\n", verdict.ok ? 200 : 503);
    });
    app.get("/local/has-enough-backends", (c) => {
      const verdict = hasEnoughBackends(agent, Number(c.req.query("least") ?? config.requireMinBackends));
      return c.text(verdict.because + "\n", verdict.ok ? 200 : 503);
    });
    const listener = await serve(app, { port: httpPort });
    try {
      await runAgent(agent);
    } finally {
      agent.phase = "stopping";
      await agent.process?.supervised.stop();
      await sshd?.stop();
      listener.close();
    }
  });
};

/** `healthcheck has-write-node`. */
export const hasWriteNodeProbe = probe("/local/has-write-node");

/** `healthcheck has-enough-backends [N]`; N defaults to REQUIRE_MIN_BACKENDS. */
export const hasEnoughBackendsProbe: Command = (context, args) => {
  const [least] = args;
  if (least !== undefined && !/^\d{1,3}$/.test(least)) {
    context.complain(
      `postdock: ${
        JSON.stringify(least)
      } is no number of backends. Fix: write a whole number, as in has-enough-backends 2`,
    );
    return Promise.resolve(64);
  }
  return probe(`/local/has-enough-backends${least === undefined ? "" : `?least=${least}`}`)(context, []);
};
