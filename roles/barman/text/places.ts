// PURE: the paths of barman's files under BACKUP_DIR.

export interface Places {
  backupDir: string;
  serverName: string;
}

export const serverHome = (p: Places) => `${p.backupDir}/${p.serverName}`;
export const streamingDirectory = (p: Places) => `${serverHome(p)}/streaming`;
export const walDirectory = (p: Places) => `${serverHome(p)}/wals`;
/** barman's record of each backup */
export const metaDirectory = (p: Places) => `${serverHome(p)}/meta`;
export const recordPath = (p: Places, id: string) => `${metaDirectory(p)}/${id}-backup.info`;
/** One base backup: `data`, and a directory for each tablespace. */
export const backupDirectory = (p: Places, id: string) => `${serverHome(p)}/base/${id}`;
export const identityPath = (p: Places) => `${serverHome(p)}/identity.json`;
/** Received WAL that is no longer in the primary's history. */
export const asideDirectory = (p: Places) => `${serverHome(p)}/set-aside`;
/** Copies of WAL files that are being sent to a node that rewinds. */
export const deskDirectory = (p: Places) => `${serverHome(p)}/postdock-desk`;
/** The last known nodes, so that a restart finds the cluster even if the configured node is gone. */
export const knownHostsPath = (p: Places) => `${serverHome(p)}/postdock-hosts.json`;
/** Why a base backup is wanted at once; kept over restarts. */
export const wantedBackupPath = (p: Places) => `${serverHome(p)}/postdock-wanted-backup.txt`;
