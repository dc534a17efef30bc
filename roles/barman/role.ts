// Wiring of the barman role: configuration, HTTP, sshd, and the loops that follow, receive, back up and check.
import { hostname } from "node:os";
import { join } from "node:path";
import { strangersOf } from "../../config/roles.ts";
import { type BarmanConfig, barmanProblems, barmanVariables } from "../../config/barman.ts";
import { publishedIn } from "../../config/published.ts";
import { ControlClient } from "../../core/client/control-client.ts";
import { Peers } from "../../core/client/peers.ts";
import type { Command, Context } from "../../core/runtime/context.ts";
import { answering } from "../../core/http/control.ts";
import { secretsAnswer } from "../../core/http/secrets.ts";
import { httpApp, statusNow } from "../../core/http/app.ts";
import { serve } from "../../core/http/serve.ts";
import { Metrics } from "../../core/http/metrics.ts";
import { HistoryFile } from "../../core/runtime/history.ts";
import type { Heard, Log } from "../../core/runtime/log.ts";
import { observerControl } from "../../core/lease/observer.ts";
import { runDirectory } from "../../core/runtime/files.ts";
import { httpNeeds, requireFoothold } from "../../core/runtime/foothold.ts";
import { requireProgram } from "../../core/runtime/program.ts";
import { placeOf, prepareRunDirectory } from "../../core/runtime/run-directory.ts";
import { TlsMaterial } from "../../core/runtime/tls-material.ts";
import { tlsHosts } from "../../core/runtime/tls-names.ts";
import { prepareSshd } from "../../core/runtime/sshd.ts";
import { ConfigError, loadConfig, roleLog, runTogether, runUntilSignal } from "../../core/runtime/start.ts";
import { supervise } from "../../core/runtime/supervisor.ts";
import { onAbort, oneAtATime, untilAborted } from "../../core/runtime/time.ts";
import { publishedPasswordsGauge } from "../../core/words/metric.ts";
import { orders } from "../../core/protocol/orders.ts";
import { keyRing } from "../../core/protocol/signing.ts";
import { takeBackups } from "./act/backup.ts";
import { takeIdentity } from "./act/cloud-identity.ts";
import { keepInStore } from "./act/cloud.ts";
import { doDuties } from "./act/duties.ts";
import { followOnce, followPrimary } from "./act/follow.ts";
import { keepMeasured } from "./act/measure.ts";
import { backupDesk } from "./http/backup-desk.ts";
import { barmanHttp } from "./http/probes.ts";
import { barmanEvents, barmanGauges } from "./text/metrics.ts";
import { barmanConfPath, lockDirectory, passfilePath, serverDirectory } from "./text/barman-conf.ts";
import { prepareBarman } from "./prepare.ts";
import { keepReceiving } from "./act/receiver.ts";
import { keepSlots } from "./act/slots.ts";
import { barmanSecrets, reconnect } from "./act/secrets.ts";
import { keepVerified } from "./act/verify-schedule.ts";
import { type Barman, initialState } from "./state.ts";
import { walDesk } from "./http/wal-desk.ts";

/** Docker kills 10 s after TERM, so a query to a silent server is abandoned after this, milliseconds. */
const stopMs = 8_500;

/** Reads the configuration of this role. Throws ConfigError with every problem. */
export function loadBarmanConfig(context: Context): BarmanConfig {
  const config = loadConfig(barmanVariables, context);
  const problems = barmanProblems(config, hostname());
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** `barman entrypoint`: the container's main process. */
export const barmanEntrypoint: Command = async (context) => {
  const config = loadBarmanConfig(context);
  const history = new HistoryFile();
  const keep = (heard: Heard) => history.hear(heard, "barman");
  const log = roleLog(context, config, barmanVariables, keep).with({ node: config.serverName });
  return await runUntilSignal(context, log, (asked) => runRole(config, { context, history, log }, asked));
};

async function runRole(
  config: BarmanConfig,
  { context, history, log }: { context: Context; history: HistoryFile; log: Log },
  asked: AbortSignal,
): Promise<void> {
  const { clock, environment, openPage } = context;
  await requireProgram("ON_EVENT_COMMAND", config.onEventCommand);
  const known = [barmanConfPath, serverDirectory, passfilePath];
  await requireFoothold({
    paths: [runDirectory, ...await Promise.all(known.map(placeOf)), lockDirectory, config.backupDir],
    ports: [httpNeeds(config.httpPort)],
    sshd: config.sshEnable,
  });
  await prepareRunDirectory();
  const stop = new AbortController();
  onAbort(asked, () => stop.abort());
  const metrics = new Metrics();
  const ring = keyRing(config);
  const secrets = barmanSecrets({ config, ring, context, log, stop: stop.signal, barman: () => barman });
  const hosts = tlsHosts(config.networkName, hostname(), config.tlsNames);
  const needed = config.networkName === null ? [] : [config.networkName];
  const tls = new TlsMaterial({ config, ...ring, hosts, needed, clock, log });
  await tls.prepare(false);
  const peers = new Peers(clock, config.httpPort, tls.forPeers());
  const barman: Barman = {
    config,
    state: initialState(clock.nowMs(), config.hosts, config.cloudUrl),
    clock,
    log,
    stop: stop.signal,
    peers,
    history,
    client: new ControlClient(ring.keys, peers, clock),
    secrets,
    tls,
    metrics,
    events: barmanEvents(metrics),
    primaryChange: new AbortController(),
  };
  metrics.gauges([publishedPasswordsGauge(() => publishedIn(barmanVariables, config).length)], () => null);
  metrics.gauges(barmanGauges, () => ({
    state: barman.state,
    nowMs: clock.nowMs(),
    wallMs: clock.wallMs(),
    tls: barman.tls.seen(),
  }));
  const follow = oneAtATime(() => followOnce(barman));
  const stateDirectory = join(config.backupDir, ".postdock");
  const observer = {
    ...barman,
    keys: ring.keys,
    hostname: hostname(),
    stateDirectory,
    nodes: () => barman.state.hosts,
  };
  await history.open({ path: join(stateDirectory, "history.jsonl"), log });
  const desk = backupDesk(barman);
  const role = barmanHttp(barman, follow);
  const control = await observerControl(observer, [
    answering(orders.status, (how) => statusNow(role, how)),
    secretsAnswer(secrets, { reconnect: (role) => reconnect(role, barman) }),
    answering(orders.wal, walDesk(barman)),
    answering(orders.backupFiles, desk.files),
    answering(orders.backupPiece, desk.piece),
  ]);
  const app = httpApp(role, log, { control, config, strangers: strangersOf(environment), openPage });
  const listener = await serve(app, { port: config.httpPort, shown: tls.shown });
  try {
    await prepareBarman(config, log);
    const sshd = config.sshEnable ? supervise(await prepareSshd(), barman) : null;
    await takeIdentity(barman);
    barman.state.phase = "running";
    const duties = [keepReceiving, keepSlots, doDuties, takeBackups, keepVerified, keepInStore, keepMeasured];
    const loops = [...duties.map((loop) => () => loop(barman)), () => secrets.keep()];
    const ending = async () => {
      await untilAborted(stop.signal);
      barman.state.phase = "stopping";
      await sshd?.stop();
    };
    const keepTls = () => tls.keep(stop.signal, () => Promise.resolve()); // each connection reads them
    await runTogether([() => followPrimary(barman, follow), keepTls, ...loops, ending], stop, {
      clock,
      graceMs: stopMs,
    });
  } finally {
    listener.close();
  }
}
