// PURE: what barman has only since a version, in one place.
import { type ImageVersions, isSince } from "./image-versions.ts";

/** The versions that brought it (release notes), or the first packaged one that has it. */
const since = {
  /** a standby for backups beside the primary for WAL */
  "wal_conninfo": "3.13",
  /** the record of archived WAL in a directory of its own */
  "xlogdb_directory": "3.13",
  /** --incremental */
  "incremental backups": "3.13",
  /** --sse-kms-key-id of barman-cloud-backup, and the same of its library */
  "key of the store": "3.13",
  /** meta/ID-backup.info (3.13.2) */
  "records apart": "3.13",
} as const;
type BarmanFeature = keyof typeof since;

/** Whether barman of the image has a feature. */
export const hasBarman = ({ barman }: Pick<ImageVersions, "barman">, feature: BarmanFeature): boolean =>
  isSince(barman, since[feature]);
