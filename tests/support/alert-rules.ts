// PURE: which alert is provoked for real, by what, and which is tested in monitoring/rules.test.yml alone; and the rules in a hurry.

/** What provokes each alert in the scenario alerts-fire-and-clear. */
export const provoked: Readonly<Record<string, string>> = {
  PostDockNoPrimary: "two of three voters are killed, the primary among them",
  PostDockTwoPrimaries: "a node of another cluster is scraped as if it were of this one",
  PostDockQuorumLost: "two of three voters are killed",
  PostDockFailoverSafetyLost: "one of three voters is killed",
  PostDockStrictBlocked: "a line of pg_hba.conf refuses all standbys, in strict mode",
  PostDockConsistencyDegraded: "the only standby of a node in partially-strict mode is killed",
  PostDockFailoverPaused: "postdock cluster pause",
  PostDockManyTimelineSwitches: "two switchovers",
  PostDockElectoratesDiffer: "a node with other PARTNER_NODES",
  PostDockConsistencyDiffers: "a node with another CONSISTENCY",
  PostDockRequestsRefused: "requests without a signature",
  PostDockContainerDown: "pgpool and barman are not started",
  PostDockNodeUnhealthy: "the server of a standby is frozen",
  PostDockServerDown: "the server of a standby is frozen",
  PostDockStandbyDoesNotStream: "a line of pg_hba.conf refuses all standbys",
  PostDockReplayPaused: "pg_wal_replay_pause()",
  PostDockReplicationLagBytes: "WAL is written while replay is paused",
  PostDockReplicationLagSeconds: "WAL is written while replay is paused",
  PostDockSlotNearBound: "WAL is written while pg_receivewal is frozen",
  PostDockDiskNearEnd: "a file fills the volume of a standby",
  PostDockDiskFull: "a file fills the volume of a standby",
  PostDockCertificateNearEnd: "a certificate of two days; another file ends it",
  PostDockTlsFilesWrong: "a certificate is overwritten; another takes its place",
  PostDockPasswordsDiffer: "a node with another POSTGRES_PASSWORD",
  PostDockMetricsOld: "pg_monitor may not see the files of WAL",
  PostDockConnectionsNearLimit: "sessions that wait",
  PostDockLongTransaction: "a transaction that waits",
  PostDockWraparound: "a statement that uses up many transactions; vacuum freeze ends it",
  PostDockSequenceNearEnd: "a sequence of ten numbers",
  PostDockPoolDown: "pgpool is not started",
  PostDockPoolWithoutWriter: "there is no primary",
  PostDockPoolFull: "as many sessions through pgpool as it has",
  PostDockPoolRefusesLogins: "as many sessions through pgpool as it has",
  PostDockBackupMetricsAbsent: "barman is not started",
  PostDockBarmanCheckFails: "the copy of each backup is ended",
  PostDockReceivesNoWal: "there is no primary",
  PostDockReceiverLag: "pg_receivewal is frozen",
  PostDockBackupFailed: "the copy of each backup is ended",
  PostDockWalGap: "barman is cut off for longer than its slot keeps WAL",
  PostDockBackupTooOld: "no backup is taken",
  PostDockDrillFailed: "a byte of the WAL of a backup is flipped",
  PostDockBackupDiskNearEnd: "a file fills barman's volume",
};

/** Alerts that are provoked in another scenario: which, and by what. */
export const elsewhere: Readonly<Record<string, readonly [scenario: string, cause: string]>> = {
  PostDockStoreFails: ["the-object-store-replaces-all-volumes", "the object store is stopped"],
};

/** Alerts that only rules.test.yml fires, with the reason. */
export const inRulesTestOnly: Readonly<Record<string, string>> = {
  PostDockVersionsDiffer: "there is one version of PostDock with metrics",
};

/** By what times are shorter in the rules in a hurry. */
const factor = 120;

/** Limits that a test cannot reach in its time, and what stands in their place. */
const reachable: Readonly<Record<string, readonly [limit: string, instead: string]>> = {
  PostDockManyTimelineSwitches: ["[1h:10s]) > 3", "[100s:1s]) > 1"],
  PostDockReplicationLagBytes: ["> 256e6", "> 16e6"],
  PostDockReplicationLagSeconds: ["> 60", "> 5"],
  PostDockMetricsOld: ["> 150", "> 50"], // some values are read every 30 s only
  PostDockLongTransaction: ["> 3600", "> 10"],
  PostDockWraparound: ["> 1e9", "> 20000"],
  PostDockReceiverLag: ["> 60 or", "> 3 or"], // its lag is read every 10 s
  PostDockWalGap: ["[1h]", "[20s]"],
  PostDockBackupTooOld: ["36 * 3600", "40"],
};

export interface Rule {
  alert: string;
  expr: string;
  for?: string;
}

export interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}

/** The same rules with times divided by `factor`, but no shorter than a few scrapes. Throws if a limit is not what it was. */
export function hurried({ groups }: RuleFile): RuleFile {
  return { groups: groups.map(({ rules, ...group }) => ({ ...group, rules: rules.map(hurriedRule) })) };
}

function hurriedRule(rule: Rule): Rule {
  const [limit, instead] = reachable[rule.alert] ?? ["", ""];
  if (!rule.expr.includes(limit)) throw new Error(`${rule.alert} does not have ${limit} in ${rule.expr}`);
  const expr = limit === ""
    ? rule.expr.replaceAll(/\[(\d+[smhd])\]/g, (_, time: string) => `[${shorter(time, 5)}s]`)
    : rule.expr.replace(limit, instead);
  return { ...rule, expr, ...rule.for === undefined ? {} : { for: `${shorter(rule.for, 1)}s` } };
}

function shorter(time: string, least: number): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
  return Math.max(least, Math.round(Number.parseInt(time) * units[time.at(-1)!]! / factor));
}
