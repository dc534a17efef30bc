// Wiring of the pgpool role: configuration, HTTP, sshd, and the agent that keeps pgpool right.
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { completePgpoolConfig, type PgpoolConfig, pgpoolVariables } from "../../config/pgpool.ts";
import { ControlClient } from "../../core/client/control-client.ts";
import { Peers } from "../../core/client/peers.ts";
import { strangersOf } from "../../config/roles.ts";
import type { Command, Context } from "../../core/runtime/context.ts";
import { addProbe, httpApp, statusNow } from "../../core/http/app.ts";
import { answering } from "../../core/http/control.ts";
import { secretsAnswer } from "../../core/http/secrets.ts";
import { familiesText } from "../../core/words/family.ts";
import { serve } from "../../core/http/serve.ts";
import { orders } from "../../core/protocol/orders.ts";
import { keyRing } from "../../core/protocol/signing.ts";
import { observerControl } from "../../core/lease/observer.ts";
import { postgresAccount } from "../../core/runtime/command.ts";
import { remove } from "../../core/runtime/files.ts";
import { agentSocketPath } from "../../core/protocol/port.ts";
import { httpNeeds, type Needs, requireFoothold } from "../../core/runtime/foothold.ts";
import { requireProgram } from "../../core/runtime/program.ts";
import { HistoryFile } from "../../core/runtime/history.ts";
import { placeOf, prepareRunDirectory } from "../../core/runtime/run-directory.ts";
import { prepareSshd } from "../../core/runtime/sshd.ts";
import { ConfigError, loadConfig, roleLog, runUntilSignal } from "../../core/runtime/start.ts";
import { supervise, type Supervised } from "../../core/runtime/supervisor.ts";
import type { Secrets } from "../../core/runtime/secrets.ts";
import { poolSecrets } from "./act/secrets.ts";
import { runAgent } from "./agent.ts";
import { newAgent, type PoolAgent, say, seenNow } from "./state.ts";
import { tryLogins } from "./observe/sessions.ts";
import { warnOfConnections } from "./act/connections.ts";
import { hasEnoughBackends, hasWriteNode, pgpoolHttp, poolStatus } from "./http/probes.ts";
import { frontendFamilies, readFamilies } from "./text/pool-shows.ts";
import { poolGauges } from "./text/metrics.ts";
import * as conf from "./text/pgpool-conf.ts";
import { preparePgpool } from "./tools/pgpool-process.ts";
import { hasPublicKey, preparePoolTls, requirePoolTls, tellOfCertificate } from "./tools/pool-tls.ts";

/** What pgpool has to remember as a voter; everything else is made anew at each start. */
const stateDirectory = "/var/lib/postdock";

/** Reads and completes the configuration of this role. Throws ConfigError with every problem. */
export function loadPgpoolConfig(context: Context): PgpoolConfig & { verdict: conf.SettingsVerdict } {
  const completed = completePgpoolConfig(loadConfig(pgpoolVariables, context), hostname());
  if (!completed.ok) throw new ConfigError(completed.problems);
  const verdict = conf.judgeSettings(completed.config.settings, completed.config.imageVersions);
  if (verdict.refused.length > 0) {
    const fix = "correct the setting or remove it; names are those of pgpool-II " +
      completed.config.imageVersions.pgpool;
    throw new ConfigError(verdict.refused.map((why) => ({ variable: "CONFIGS", message: `CONFIGS: ${why}`, fix })));
  }
  return { ...completed.config, verdict };
}

/** `pgpool entrypoint`: the container's main process. */
export const pgpoolEntrypoint: Command = async (context) => {
  const config = loadPgpoolConfig(context);
  const history = new HistoryFile();
  const log = roleLog(context, config, pgpoolVariables, (heard) => history.hear(heard, "pgpool"));
  for (const warning of config.verdict.warnings) log.warn("Setting translated", { why: warning });
  for (const why of config.verdict.idle) log.warn("A setting has no effect", { why });
  return await runUntilSignal(context, log, async (stop) => {
    await requireProgram("ON_EVENT_COMMAND", config.onEventCommand);
    await requireFoothold(await needsOf(config));
    await prepareRunDirectory();
    const { clock } = context;
    await requirePoolTls(config, config.verdict.settings, { clock, log });
    const ring = keyRing(config);
    const tls = await preparePoolTls(config, { ...ring, clock, log });
    const peers = new Peers(clock, config.httpPort, tls.forPeers());
    const secrets = poolSecrets({ config, ring, context, log, stop, agent: () => agent });
    const client = new ControlClient(ring.keys, peers, clock, hasPublicKey(config));
    const agent: PoolAgent = newAgent(config, { clock, log, stop, peers, client, history, secrets, tls });
    await history.open({ path: join(stateDirectory, "history.jsonl"), log });
    exportMetrics(agent);
    const listeners = [
      await serve(await pgpoolApp(agent, secrets, context), { port: config.httpPort, shown: tls.shown }),
      await serveLocal(agent),
    ];
    let sshd: Supervised | null = null;
    try {
      await preparePgpool(config, config.verdict.settings);
      sshd = config.sshEnable ? supervise(await prepareSshd(), agent) : null;
      await Promise.all([
        runAgent(agent),
        tryLogins(agent),
        secrets.keep(),
        warnOfConnections(agent, config.verdict.settings),
        tls.keep(stop, tellOfCertificate(log)),
      ]);
    } finally {
      say(agent, "stopping", "stopping", "the container stops");
      await Promise.all([agent.run?.process.supervised.stop(), sshd?.stop()]);
      for (const listener of listeners) listener.close();
    }
  });
};

function exportMetrics(agent: PoolAgent): void {
  agent.metrics.gauges(poolGauges, () => ({
    status: poolStatus(agent),
    answers: seenNow(agent).nodes !== null,
    tls: agent.tls.seen(),
  }));
  agent.metrics.also(() => {
    const { clock, sessions, shows, used } = agent;
    return familiesText([
      ...(sessions && used ? frontendFamilies(used, sessions.total) : []),
      ...readFamilies(shows, clock.nowMs()),
    ]);
  });
}

/** Files that pgpool is given, at the paths that people know. */
const known = [
  ...[conf.pgpoolConfPath, conf.poolHbaPath, conf.pcpConfPath, conf.poolKeyPath, conf.poolPasswdPath],
  join(postgresAccount.home, ".pgpass"),
];

const needsOf = async (config: PgpoolConfig): Promise<Needs> => ({
  paths: [...await Promise.all(known.map(placeOf)), conf.runDirectory, stateDirectory, dirname(agentSocketPath)],
  ports: [
    httpNeeds(config.httpPort),
    { port: 5432, by: "pgpool", change: null },
    { port: 9898, by: "PCP", change: null },
  ],
  sshd: config.sshEnable,
});

async function pgpoolApp(agent: PoolAgent, secrets: Secrets, { environment, openPage }: Context) {
  const nodes = () => agent.config.backends.map((b) => b.host);
  const role = pgpoolHttp(agent);
  const control = await observerControl({ ...agent, keys: secrets.keys, hostname: hostname(), stateDirectory, nodes }, [
    answering(orders.status, (how) => statusNow(role, how)),
    secretsAnswer(secrets),
  ]);
  const strangers = strangersOf(environment);
  return httpApp(role, agent.log, { control, config: agent.config, strangers, openPage });
}

/** What the commands of this container ask. */
async function serveLocal(agent: PoolAgent) {
  const local = httpApp(pgpoolHttp(agent), agent.log);
  addProbe(local, "/local/has-write-node", () => Promise.resolve(hasWriteNode(agent)));
  addProbe(local, "/local/has-enough-backends", (c) => {
    const least = Number(c.req.query("least") ?? agent.config.requireMinBackends);
    return Promise.resolve(hasEnoughBackends(agent, least));
  });
  await remove(agentSocketPath);
  return await serve(local, { socketPath: agentSocketPath }, 0o660);
}
