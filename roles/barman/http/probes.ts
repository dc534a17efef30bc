// What the barman role answers on :8080. Everything comes from memory; no request runs barman.
import { publishedPasswords } from "../../../config/published.ts";
import { serviceVariablesToCompare } from "../../../config/same-everywhere.ts";
import type { RoleHttp } from "../../../core/http/app.ts";
import type { BarmanStatus } from "../../../core/protocol/status.ts";
import { withDeadline } from "../../../core/runtime/time.ts";
import { no } from "../../../core/words/verdict.ts";
import { POSTDOCK_VERSION } from "../../../core/words/version.ts";
import { because, checkText, decideLive, decideReady, doing, receives } from "../decide/health.ts";
import { openFailure, overdueMs } from "../decide/backups.ts";
import { finishedBackups } from "../decide/catalog.ts";
import type { Barman } from "../state.ts";

/** How long /status?fresh=1 waits for the nodes, milliseconds. */
const lookMs = 3_000;

/** So many backups are listed in /status, the newest ones. */
const mostListed = 100;

/** The answers of the role. `follow`: asks the nodes now which of them is the primary. */
export function barmanHttp(barman: Barman, follow: () => Promise<void>): RoleHttp {
  const { state, clock } = barman;
  const noDatabase = () => Promise.resolve(no("this container takes backups and serves no clients"));
  return {
    status: () => barmanStatus(barman),
    look: async () => {
      if (state.phase !== "running") return false;
      const looked = await withDeadline(follow(), lookMs, "The look at the nodes").then(() => true, () => false);
      return looked && state.sight === "seen" && receives(state);
    },
    healthz: () => Promise.resolve(decideLive(state, clock.nowMs())),
    readyz: () => Promise.resolve(decideReady(state, clock.nowMs())),
    primary: noDatabase,
    replica: noDatabase,
    readOnly: noDatabase,
    history: () => barman.history.all(),
    addresses: () => barman.peers.names.all(),
    metrics: () => barman.metrics.text(),
  };
}

function barmanStatus(barman: Barman): BarmanStatus {
  const { state, clock, config } = barman;
  const now = clock.nowMs();
  const endSeconds = state.catalog?.newest?.endSeconds ?? null;
  const finished = state.catalog === null ? null : finishedBackups(state.catalog.backups);
  return {
    schema: 1,
    postdock: POSTDOCK_VERSION,
    component: "barman",
    phase: state.phase === "running" && state.primary === null ? "waiting" : state.phase,
    doing: doing(state),
    because: because(state),
    uptimeSeconds: Math.round((now - state.startedMs) / 1000),
    observedAgoMs: Math.round(now - state.lastBeatMs),
    variables: serviceVariablesToCompare(config),
    publishedPasswords: publishedPasswords({
      POSTGRES_PASSWORD: config.postgresPassword,
      REPLICATION_PASSWORD: config.replicationPassword,
    }),
    secrets: barman.secrets.troubles(),
    tlsFaults: barman.tls.faults,
    server: config.serverName,
    primary: state.primary,
    receiving: receives(state),
    checkOk: state.check?.failures === null || state.check === null ? null : state.check.failures.length === 0,
    checkFailures: checkText(state),
    backups: finished?.length ?? null,
    lastBackup: finished?.at(-1)?.id ?? null,
    catalog: finished?.slice(-mostListed).map(({ id, endSeconds, sizeBytes: bytes }) => ({
      id,
      endMs: endSeconds === null ? null : endSeconds * 1000,
      bytes,
    })) ?? null,
    nextBackupMs: state.backup.nextWallMs,
    backupOverdueMs: endSeconds === null ? null : overdueMs(config.schedule, endSeconds * 1000, clock.wallMs()),
    backupFailed: openFailure(state),
    backupRunsMs: state.backup.runningSinceMs === null ? null : Math.round(now - state.backup.runningSinceMs),
    backupProgress: state.backup.progress,
    backupSource: state.backup.source,
    backupWanted: state.wantBackup,
    gaps: state.moments?.gaps,
    kept: state.kept.map(({ backup, node, silentSinceMs }) => ({
      backup,
      node,
      silentMs: silentSinceMs === null ? 0 : Math.round(now - silentSinceMs),
    })),
    verified: state.verified,
    cloud: state.cloud === null ? null : {
      url: config.cloudUrl,
      lastUploadMs: state.cloud.lastUploadMs,
      waitingWalFiles: state.cloud.waitingWal,
      waitingBackups: state.cloud.waitingBackups,
      failing: state.cloud.trouble.wal ?? state.cloud.trouble.backups,
    },
  };
}
