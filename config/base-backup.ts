// The variables of how base backups are taken: when, from which node, how fast, and how they are kept on disk.
import { cronExpression } from "./cron.ts";
import { hasBarman } from "./barman-features.ts";
import type { ImageVersions } from "./image-versions.ts";
import { hasFeature } from "./postgres-features.ts";
import { type ConfigOf, type ConfigProblem, env, flag, integer, MalformedValue, oneOf, plainText } from "./env.ts";

/** pg_basebackup takes 32 kB to 1024 MB per second (manual, pg_basebackup, --max-rate). Kilobytes; 0: no limit. */
const rateKb = (text: string) => {
  if (text === "0") return 0;
  const [, number = "0", unit] = /^(\d{1,7})(kB|MB)$/.exec(text) ?? [];
  const kb = Number(number) * (unit === "MB" ? 1024 : 1);
  if (kb < 32 || kb > 1024 * 1024) throw new MalformedValue("is not a rate from 32kB to 1024MB");
  return kb;
};

const backupSources = ["prefer-standby", "primary"] as const;

/** What barman can compress with, and the image can unpack. */
const compressions = ["none", "gzip", "zstd"] as const;

const incrementals = (text: string) => {
  const number = integer(0, 1000)(text);
  if (number === 1) throw new MalformedValue("would make every backup a full one, which 0 does");
  return number;
};

export const baseBackupVariables = {
  schedule: env("BACKUP_SCHEDULE", cronExpression, {
    fallback: "0 0 * * *",
    accepts: "a cron expression of five fields: minute hour day month weekday",
    doc: "When base backups are taken, in UTC.",
  }),
  onStart: env("BACKUP_ON_START", flag, {
    fallback: true,
    accepts: "1 or 0",
    doc: "1: a base backup is taken as soon as WAL is received, if there is none. Without one nothing can be restored.",
  }),
  backupFrom: env<typeof backupSources[number]>("BACKUP_FROM", oneOf(backupSources), {
    fallback: "prefer-standby",
    accepts: "prefer-standby or primary",
    doc:
      "prefer-standby: base backups are copied from the standby that fits best, and from the primary where none fits. " +
      "primary: always from the primary. WAL is always received from the primary.",
  }),
  incremental: env("BACKUP_INCREMENTAL", incrementals, {
    fallback: 0,
    accepts: "a number of backups, 2 to 1000; 0: every backup is a full one",
    doc:
      "Of so many scheduled base backups one is a full one; those between hold only the blocks that have changed since " +
      "the one before. Needs summarize_wal:on in CONFIGS of every node.",
  }),
  rateKb: env("BACKUP_RATE", rateKb, {
    fallback: 0,
    accepts: "a rate per second, 32kB to 1024MB, for example 50MB; 0: no limit",
    doc: "How fast a base backup is copied at most.",
  }),
  compression: env<typeof compressions[number]>("BACKUP_COMPRESSION", oneOf(compressions), {
    fallback: "none",
    accepts: "none, gzip or zstd",
    doc:
      "How base backups are compressed in BACKUP_DIR. Not together with BACKUP_INCREMENTAL or CLOUD_BACKUP_URL: there " +
      "barman cannot. WAL is always compressed with gzip, and so is everything in an object store.",
  }),
  encryption: env("BACKUP_ENCRYPTION", plainText, {
    fallback: "none",
    accepts: "none",
    doc:
      "PostDock does not have barman encrypt backups, so every other value is refused. Encrypt the volume of BACKUP_DIR.",
  }),
};

/** Problems between these variables and the object store's. */
export function baseBackupProblems(
  config: Pick<ConfigOf<typeof baseBackupVariables>, "compression" | "incremental"> & {
    cloudUrl: string;
    imageVersions: ImageVersions;
  },
): ConfigProblem[] {
  const { imageVersions } = config;
  const { postgres, barman } = imageVersions;
  const can = hasFeature(imageVersions, "incremental backups") && hasBarman(imageVersions, "incremental backups");
  if (config.incremental > 0 && !can) {
    return [{
      variable: "BACKUP_INCREMENTAL",
      message:
        `BACKUP_INCREMENTAL is set, but PostgreSQL ${postgres} with barman ${barman} cannot take incremental backups`,
      fix: "unset BACKUP_INCREMENTAL, or go over to the images with PostgreSQL 17 or later (docs/images.md)",
    }];
  }
  if (config.compression === "none") return [];
  const others = [
    ["BACKUP_INCREMENTAL", config.incremental > 0, "takes no incremental backup with compression"],
    ["CLOUD_BACKUP_URL", config.cloudUrl !== "", "stores no compressed backup; it compresses what it stores there"],
  ] as const;
  return others.filter(([, set]) => set).map(([variable, , why]) => ({
    variable: "BACKUP_COMPRESSION",
    message: `BACKUP_COMPRESSION and ${variable} are both set, but barman ${barman} ${why}`,
    fix: `unset BACKUP_COMPRESSION or ${variable}`,
  }));
}
