// The real doors of a node: its data directory, its PostgreSQL, repmgr, and the other containers.
import type { NodeConfig } from "../../config/postgres-node.ts";
import type { ControlClient } from "../../core/client/control-client.ts";
import { kubernetesPods } from "../../core/client/kubernetes-pods.ts";
import type { Peers } from "../../core/client/peers.ts";
import { diskSpace } from "../../core/runtime/files.ts";
import type { Log } from "../../core/runtime/log.ts";
import type { Secrets } from "../../core/runtime/secrets.ts";
import { processesIn, titleOf } from "../../core/runtime/proc.ts";
import { no } from "../../core/words/verdict.ts";
import type { Clock } from "../../core/runtime/time.ts";
import { bootstrap } from "./data/bootstrap.ts";
import { clone } from "./data/clone.ts";
import { freeRoom } from "./data/free-room.ts";
import { recoverAlone } from "./data/crash-recovery.ts";
import { fetchWal } from "./data/fetch-wal.ts";
import { findHidden, uncover } from "./data/hidden-wal.ts";
import { moveIntoPlace } from "./data/journal.ts";
import { clearLeftovers, discardBootstrap, forgetStandbys } from "./data/leftovers.ts";
import { RecoveryWal } from "./data/recovery-wal.ts";
import { keptLook } from "./data/kept.ts";
import { keepReserve } from "./data/reserve.ts";
import { endRestore, forgetReplaced, noPlaceFor, restoreBackup, undoRestore } from "./data/restore.ts";
import { SettingsFiles } from "./data/settings-files.ts";
import { rewind, type RewindUnderWay } from "./data/rewind.ts";
import { clearHistories, makeNext, newestHistory, newestWal } from "./data/timelines.ts";
import { type Holder, noteHolder } from "./data/volume-lock.ts";
import type { DataDoor, Doors, ServerDoor } from "./doors.ts";
import { othersDoor, repmgrDoor } from "./doors-outside.ts";
import { isStartupTitle } from "./text/streaming-trouble.ts";
import { fenceServer } from "./lease/fence.ts";
import { readControlData } from "./observe/control-data.ts";
import { observeData } from "./observe/data-directory.ts";
import { readOwnOrigin } from "./observe/timeline-origin.ts";
import { LocalServer } from "./tools/local-server.ts";
import { passwordsOf } from "./tools/role-queries.ts";
import { clearStaleServer, startPostmaster } from "./tools/postmaster.ts";
import { writeLockFiles, writeStandbySlots, writeStandbyState, writeSyncNames } from "./tools/settings.ts";

export interface RealDeps {
  config: NodeConfig;
  clock: Clock;
  log: Log;
  stop: AbortSignal;
  client: ControlClient;
  peers: Peers;
  holder: Holder;
  /** of this container */
  environment: Readonly<Record<string, string | undefined>>;
  /** postgresql.conf as PostgreSQL has accepted it */
  serverConfig: string;
  secrets: Pick<Secrets, "othersOf">;
}

/** The doors, and how to close what they hold open. */
export function realDoors(deps: RealDeps): Doors & { close(): Promise<void> } {
  const local = new LocalServer(
    deps.config,
    deps.log,
    () => passwordsOf(deps.config),
    (r) => deps.secrets.othersOf(r),
    deps.config.replicationRole === "limited" ? deps.config.replicationUser : null,
  );
  return {
    data: dataDoor(deps),
    server: serverDoor(local, deps),
    repmgr: repmgrDoor(local, deps),
    others: othersDoor(deps),
    pods: kubernetesPods(deps),
    close: () => local.close(),
  };
}

function dataDoor(deps: RealDeps): DataDoor {
  const { config, holder, log, stop } = deps;
  const { pgdata } = config;
  let underWay: RewindUnderWay | null = null;
  let recovering: RecoveryWal | null = null;
  let whole = new Set<string>();
  const settings = new SettingsFiles(deps);
  const writeServerConfig = () => settings.writeOwn();
  return {
    look: () => observeData(config, log),
    uncover: () => {
      whole = new Set();
      return uncover(pgdata, log);
    },
    hidingFile: () => findHidden(pgdata, whole).then((h) => h?.hiding[0]?.file ?? null, () => null),
    newestWal: () => newestWal(pgdata),
    room: () => diskSpace(pgdata),
    freeRoom: () => freeRoom(pgdata, log),
    keepReserve: () => keepReserve(pgdata),
    control: () => readControlData(pgdata),
    recoverAlone: () => recoverAlone({ config, log, signal: stop }),
    origin: async (position) => readOwnOrigin(pgdata, position, (await readControlData(pgdata)).segmentBytes),
    bootstrap: () => bootstrap({ ...deps, signal: stop, writeServerConfig }),
    clone: (from, { keptMayGo }) => clone(from, { ...deps, signal: stop, keptMayGo }),
    rewind: async (to) => {
      const own: RewindUnderWay = underWay = { to, fetched: [] };
      try {
        return { failed: await rewind(to, { ...deps, signal: stop }), fetched: own.fetched.length };
      } finally {
        underWay = null;
      }
    },
    fetchWal: async (name, path) => {
      if (path === null) return await fetchWal(name, underWay, deps);
      return await (recovering?.give(name, path, deps) ?? no("no recovery from a backup is under way"));
    },
    recoveryWal: () => recovering?.now ?? { exhausted: false, trouble: null },
    barmanIsAt: (hosts) => recovering?.barmanIsAt(hosts),
    noPlaceFor: (order) => noPlaceFor(order, pgdata),
    restore: (order, onProgress, signal) =>
      restoreBackup(pgdata, order, { ...deps, signal: AbortSignal.any([stop, signal]), onProgress }),
    undoRestore: (id) => undoRestore(pgdata, id, deps),
    endRecovery: writeServerConfig,
    endRestore: async () => {
      await writeServerConfig();
      await endRestore(pgdata);
    },
    kept: keptLook(pgdata),
    forgetReplaced: (because) => forgetReplaced(pgdata, because, log),
    finishMove: () => moveIntoPlace(pgdata, log),
    discardBootstrap: () => discardBootstrap(pgdata, log),
    clearLeftovers: () => clearLeftovers(pgdata, log),
    prepareStart: async (as, own) => {
      const recovery = "recovery" in as ? as.recovery ?? null : null;
      recovering = recovery === null ? null : new RecoveryWal(recovery);
      await settings.writeFor(as);
      await noteHolder(pgdata, holder);
      await clearHistories(pgdata, own, log);
      await settings.writeState(as);
    },
    altered: () => settings.altered(),
    correctSettings: () => settings.correctRunning(),
    raised: () => settings.raised(),
    forgetStandbys: () => forgetStandbys(pgdata, log),
    newestTimeline: () => newestHistory(pgdata),
    makeNextTimeline: (own, wanted) => makeNext(pgdata, own, wanted),
    writeUpstream: (upstream) => writeStandbyState(upstream, deps),
    writeSyncNames: (names) => writeSyncNames(names, config),
    writeStandbySlots: (names) => writeStandbySlots(names, config),
    writeLockFiles: (role) => writeLockFiles(config, role),
  };
}

function serverDoor(local: LocalServer, deps: RealDeps): ServerDoor {
  const { config: { pgdata, stoppingSeconds }, clock, log } = deps;
  return {
    clearStale: () => clearStaleServer(pgdata, deps),
    isStartup: (pid) => isStartupTitle(titleOf(pid)),
    start: (heard) => {
      const onLine = (line: string) => {
        heard(line);
        log.info("Output", { process: "postgres", line });
      };
      return startPostmaster({ pgdata, stoppingMs: stoppingSeconds * 1000, onLine }, deps);
    },
    look: () => local.look(),
    login: () => local.login(),
    processes: () => processesIn("postgres", pgdata).length,
    end: () => fenceServer(pgdata, clock),
    promote: () => local.promote(),
    recovery: () => local.recovery(),
    checkpoint: () => local.checkpoint(),
    firstCheckpoint: () => local.firstCheckpoint(),
    switchWal: () => local.switchWal(),
    reload: () => local.reload(),
    endReceiver: () => local.endReceiver(),
    slots: () => local.slots(),
    failoverSlots: () => local.failoverSlots(),
    dropSlot: (name) => local.dropSlot(name),
    roles: () => local.roles(),
    settings: () => local.settings(),
    missing: () => local.missing(),
    setRole: (change, password) => local.setRole(change, password),
  };
}
