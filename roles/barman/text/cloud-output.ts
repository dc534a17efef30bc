// PURE: what the object store holds, from the list of its objects; and what a failure there means.
import { z } from "zod";
import type { CloudConfig } from "../../../config/cloud.ts";
import type { OperatorProblem } from "../../../core/words/errors.ts";
import type { Store, StoredBackup } from "../decide/cloud.ts";
import { errorText } from "../../../core/words/errors.ts";
import { parseBackupInfo } from "./backup-info.ts";

const Listing = z.object({
  objects: z.array(z.tuple([z.string(), z.number(), z.number()])),
  texts: z.record(z.string(), z.string()),
});
const Line = z.object({
  done: z.string().optional(),
  gone: z.string().optional(),
  error: z.string().optional(),
  text: z.string().optional(),
});

/** The lines of a run that stored or fetched files. `error`: the store's word for what failed, and its sentence. */
export function parseCopied(stdout: string): { done: string[]; gone: string[]; error: string | null } {
  const lines = stdout.trim().split("\n").filter((line) => line !== "").map((line) => Line.parse(JSON.parse(line)));
  const failed = lines.find((line) => line.error !== undefined);
  return {
    done: lines.flatMap((line) => line.done ?? []),
    gone: lines.flatMap((line) => line.gone ?? []),
    error: failed === undefined ? null : `${failed.error}: ${failed.text ?? ""}`,
  };
}

/** The store's content. Throws if the list has another form. */
export function parseStore(stdout: string): Store {
  const { objects, texts } = Listing.parse(JSON.parse(stdout));
  const wals = new Map<string, { key: string; bytes: number }>();
  for (const [key, bytes] of objects) {
    const name = /^wals\/(?:[0-9A-F]{16}\/)?([0-9A-F]{24}(?:\.partial)?|[0-9A-F]{8}\.history)(?:\.gz)?$/.exec(key)?.[1];
    if (name !== undefined) wals.set(name, { key, bytes });
  }
  const unreadable: string[] = [];
  const backups: StoredBackup[] = [];
  const systems = new Set<string>();
  for (const [key, info] of Object.entries(texts).toSorted(([a], [b]) => a < b ? -1 : 1)) {
    const id = /^base\/([^/]+)\/backup\.info$/.exec(key)?.[1];
    if (id === undefined) continue;
    const system = /^systemid=(\d+)$/m.exec(info)?.[1];
    if (system !== undefined) systems.add(system);
    try {
      const record = parseBackupInfo(id, info);
      if (record === null) continue;
      const bytes = objects.filter(([k]) => k.startsWith(`base/${id}/`)).reduce((sum, [, size]) => sum + size, 0);
      backups.push({ record, info, keep: keepOf(texts[`base/${id}/annotations/keep`]), bytes });
    } catch (error) {
      unreadable.push(errorText(error));
    }
  }
  const marker = texts["identity.json"];
  const own = marker === undefined
    ? undefined
    : z.object({ systemid: z.coerce.string() }).parse(JSON.parse(marker)).systemid;
  const newest = objects.reduce((last, [, , seconds]) => Math.max(last, seconds), 0);
  return {
    identity: own ?? [...systems][0] ?? null,
    marked: marker !== undefined,
    backups,
    unreadable,
    wals,
    newestMs: newest === 0 ? null : newest * 1000,
  };
}

const keepOf = (text: string | undefined): StoredBackup["keep"] =>
  text === undefined ? null : text.trim() === "standalone" ? "standalone" : "full";

/** What failed at the store, by the word that it or boto has for it, and which variable to look at. */
export function troubleOf(said: string, config: CloudConfig): OperatorProblem {
  const bucket = config.cloudUrl.split("/")[2]!;
  const where = config.cloudEndpoint === "" ? "CLOUD_BACKUP_REGION" : "CLOUD_BACKUP_ENDPOINT";
  const known = causes(bucket, where, config.cloudCredentials).find(({ words }) => words.test(said));
  return {
    what: known?.what ?? `The object store at ${config.cloudUrl} cannot be used`,
    why: said.trim().split("\n").slice(-2).join(" | ").slice(-500),
    fix: known?.fix ?? "see the reason; check the variables CLOUD_BACKUP_…",
  };
}

/** `credentials`: where the key comes from, or nothing if two variables hold it. */
const causes = (
  bucket: string,
  where: string,
  credentials: string,
): { words: RegExp; what: string; fix: string }[] => [
  {
    words: /NoCredentialsError|Unable to locate credentials|PartialCredentials|ConfigParseError/,
    what: credentials === "instance"
      ? "The instance has no role that gives a key for the object store"
      : `There is no key for the object store in ${credentials}`,
    fix: "correct CLOUD_BACKUP_CREDENTIALS; postgres has to be able to read a file, and its profile is default",
  },
  {
    words: /NoSuchBucket/,
    what: `There is no bucket ${bucket}`,
    fix: "make the bucket, or correct CLOUD_BACKUP_URL",
  },
  {
    words: /KMS\.|NotImplemented|InvalidEncryptionAlgorithm/,
    what: "The object store does not encrypt as it is told to",
    fix: "correct CLOUD_BACKUP_ENCRYPTION and CLOUD_BACKUP_KMS_KEY, and let the access key use that key",
  },
  {
    words: /InvalidAccessKeyId|InvalidClientTokenId/,
    what: "The object store does not know the access key",
    fix: `correct ${credentials === "" ? "CLOUD_BACKUP_ACCESS_KEY" : "CLOUD_BACKUP_CREDENTIALS"}`,
  },
  {
    words: /SignatureDoesNotMatch/,
    what: "The object store refuses the secret of the access key",
    fix: `correct ${credentials === "" ? "CLOUD_BACKUP_SECRET_KEY" : "CLOUD_BACKUP_CREDENTIALS"}`,
  },
  {
    words: /AccessDenied|\b403\b|Forbidden/,
    what: `The access key may not use the bucket ${bucket}`,
    fix:
      `let the key of ${
        credentials === "" ? "CLOUD_BACKUP_ACCESS_KEY" : "CLOUD_BACKUP_CREDENTIALS"
      } list, read, write and delete objects there, ` + "or correct CLOUD_BACKUP_URL",
  },
  {
    words: /PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint|\b301\b/,
    what: `The bucket ${bucket} is in another region`,
    fix: "correct CLOUD_BACKUP_REGION",
  },
  {
    words: /EndpointConnectionError|ConnectTimeout|ReadTimeout|ConnectionClosed|SSLError|Could not connect|timed out/,
    what: "The object store does not answer",
    fix: `check the network, and correct ${where} if it is wrong`,
  },
];
