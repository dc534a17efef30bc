// PURE: where barman keeps what, under BACKUP_DIR.

interface Places {
  backupDir: string;
  serverName: string;
}

export const serverHome = (p: Places) => `${p.backupDir}/${p.serverName}`;
export const streamingDirectory = (p: Places) => `${serverHome(p)}/streaming`;
export const walDirectory = (p: Places) => `${serverHome(p)}/wals`;
/** barman's record of each backup */
export const metaDirectory = (p: Places) => `${serverHome(p)}/meta`;
export const identityPath = (p: Places) => `${serverHome(p)}/identity.json`;
/** Received WAL that no primary's history holds any more. */
export const asideDirectory = (p: Places) => `${serverHome(p)}/set-aside`;
/** WAL on its way to a node that rewinds. */
export const deskDirectory = (p: Places) => `${serverHome(p)}/postdock-desk`;
/** The nodes that were known last, so that a restart finds the cluster when the configured node is gone. */
export const knownHostsPath = (p: Places) => `${serverHome(p)}/postdock-hosts.json`;
/** Why a base backup is wanted at once; kept so that a restart does not forget it. */
export const wantedBackupPath = (p: Places) => `${serverHome(p)}/postdock-wanted-backup.txt`;
