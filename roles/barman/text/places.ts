// PURE: the paths of barman's files under BACKUP_DIR.
import { type BackupRecord, isPlain } from "./backup-info.ts";

export interface Places {
  backupDir: string;
  serverName: string;
}

export const serverHome = (p: Places) => `${p.backupDir}/${p.serverName}`;
export const streamingDirectory = (p: Places) => `${serverHome(p)}/streaming`;
export const walDirectory = (p: Places) => `${serverHome(p)}/wals`;
/** barman's record of each backup, and where older barmans have it (act/records.ts) */
export const metaDirectory = (p: Places) => `${serverHome(p)}/meta`;
export const recordPath = (p: Places, id: string) => `${metaDirectory(p)}/${id}-backup.info`;
export const oldRecordPath = (p: Places, id: string) => `${backupDirectory(p, id)}/backup.info`;
/** How an older barman exempts a backup from the retention policy. */
export const oldKeepPath = (p: Places, id: string) => `${backupDirectory(p, id)}/annotations/keep`;
/** One base backup: `data`, and a directory for each tablespace. */
export const backupDirectory = (p: Places, id: string) => `${serverHome(p)}/base/${id}`;
/** Incremental and compressed backups as whole ones, only while a node is restored from them. */
export const combinedDirectory = (p: Places) => `${serverHome(p)}/postdock-combined`;
/** The process that has combined, or does, until the restore is ordered. */
export const combinerPath = (p: Places) => `${combinedDirectory(p)}/combiner.pid`;
/** What tells where the files of a backup are. */
export type Located = Pick<BackupRecord, "id" | "parent" | "compression">;
/** The files of a backup as a cluster. */
export const dataDirectory = (p: Places, backup: Located) =>
  isPlain(backup) ? ownDirectory(p, backup.id) : `${combinedDirectory(p)}/${backup.id}`;
/** What barman has copied: files of a cluster, blocks that have changed, or archives. */
export const ownDirectory = (p: Places, id: string) => `${backupDirectory(p, id)}/data`;
/** It has a directory for each tablespace, by its number. */
export const tablespacesDirectory = (p: Places, backup: Located) =>
  isPlain(backup) ? backupDirectory(p, backup.id) : `${combinedDirectory(p)}/${backup.id}.tablespaces`;
export const identityPath = (p: Places) => `${serverHome(p)}/identity.json`;
/** Received WAL that is no longer in the primary's history. */
export const asideDirectory = (p: Places) => `${serverHome(p)}/set-aside`;
/** The last known nodes, so that a restart finds the cluster even if the configured node is gone. */
export const knownHostsPath = (p: Places) => `${serverHome(p)}/postdock-hosts.json`;
/** The restore of a node that was ordered here last and is not over. */
export const restorePath = (p: Places) => `${serverHome(p)}/postdock-restore.json`;
/** One file for each restore that uses a backup. */
export const usesDirectory = (p: Places) => `${serverHome(p)}/postdock-uses`;
export const usePath = (p: Places, id: string) => `${usesDirectory(p)}/${id}.json`;
/** Where a backup is restored to prove that it can be; the result; and which process does it. */
export const verifyDirectory = (p: Places) => `${serverHome(p)}/postdock-verify`;
export const verifiedPath = (p: Places) => `${serverHome(p)}/postdock-verified.json`;
/** which backups have failed their last verification, and why */
export const failuresPath = (p: Places) => `${serverHome(p)}/postdock-failures.json`;
export const verifyLockPath = (p: Places) => `${serverHome(p)}/postdock-verify.pid`;
/** The times of commits at the ends of timelines, as they were read from WAL. */
export const windowTimesPath = (p: Places) => `${serverHome(p)}/postdock-times.json`;
/** Why a base backup is wanted at once; kept over restarts. */
export const wantedBackupPath = (p: Places) => `${serverHome(p)}/postdock-wanted-backup.txt`;
/** Parts of what comes from the object store; below it those of the base backup that goes there. */
export const cloudDirectory = (p: Places) => `${serverHome(p)}/postdock-cloud`;
export const uploadDirectory = (p: Places) => `${cloudDirectory(p)}/upload`;
