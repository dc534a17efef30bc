// What a data directory is to be at the next start or reload: primary_conninfo, signal files, the lock files of 1.x.
import { join } from "node:path";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { exists, readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import type { Names } from "../../../core/runtime/names.ts";
import { upstreamConnection } from "./upstream.ts";
import { replaceAutoConf } from "../text/auto-conf.ts";
import { primaryConninfo, slotName } from "../text/repmgr-conf.ts";

/** What knows the ways to other nodes. */
export interface Ways {
  names: Pick<Names, "wayTo">;
}

/**
 * Writes the data directory's state as a standby of `host`, or of nobody, for the next start or reload. The settings `dropped`
 * are removed from what ALTER SYSTEM has set.
 */
export async function writeStandbyState(
  host: string | null,
  { config, peers }: { config: NodeConfig; peers: Ways },
  dropped: readonly string[] = [],
): Promise<void> {
  await replaceSettings(config, {
    ...Object.fromEntries(dropped.map((name) => [name, null])),
    primary_conninfo: host === null
      ? ""
      : primaryConninfo(config, { ...peers.names.wayTo(host), port: upstreamConnection(host, config).port }),
    primary_slot_name: host !== null && config.useSlots ? slotName(config.id) : null,
    recovery_target_timeline: null,
    synchronized_standby_slots: null,
  });
  const signal = join(config.pgdata, "standby.signal");
  if (!(await exists(signal))) await writeAtomic(signal, "", { mode: 0o600, owner: postgresAccount });
}

/** Writes the data directory's state as a primary. */
export async function writePrimaryState(config: NodeConfig): Promise<void> {
  await remove(join(config.pgdata, "standby.signal"));
  await replaceSettings(config, {
    primary_conninfo: null,
    primary_slot_name: null,
    recovery_target_timeline: null,
    synchronized_standby_slots: null,
  });
}

/** Writes synchronous_standby_names; null leaves it to CONFIGS. For the next start or reload. */
export async function writeSyncNames(names: string | null, config: NodeConfig): Promise<void> {
  await replaceSettings(config, { synchronous_standby_names: names });
}

/** Writes synchronized_standby_slots. For the next reload. */
export async function writeStandbySlots(names: string, config: NodeConfig): Promise<void> {
  await replaceSettings(config, { synchronized_standby_slots: names });
}

async function replaceSettings(config: NodeConfig, settings: Record<string, string | null>): Promise<void> {
  const path = join(config.pgdata, "postgresql.auto.conf");
  const text = await readIfThere(path) ?? "";
  await writeAtomic(path, replaceAutoConf(text, { ...settings, recovery_end_command: null }), {
    mode: 0o600,
    owner: postgresAccount,
  });
}

/** The lock files of 1.x, for people's scripts: no decision reads them. */
export async function writeLockFiles(
  config: NodeConfig,
  role: { primary: true } | { primary: false; upstreamNodeId: number | null },
): Promise<void> {
  const owner = postgresAccount;
  if (role.primary) {
    await writeAtomic(config.masterLockPath, "", { mode: 0o600, owner });
    await remove(config.standbyLockPath);
    return;
  }
  await remove(config.masterLockPath);
  if (role.upstreamNodeId === null) await remove(config.standbyLockPath);
  else await writeAtomic(config.standbyLockPath, `${role.upstreamNodeId}\n`, { mode: 0o600, owner });
}
