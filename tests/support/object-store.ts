// An object store for a scenario: SeaweedFS as one more service of its Compose file, with one bucket and one key.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureSeaweed } from "../../tools/seaweedfs.ts";
import { root } from "../../tools/terminal.ts";
import type { Cluster } from "./cluster.ts";
import { type Edit, setEnvironment } from "./compose-file.ts";
import { exec, tryExec } from "./docker.ts";

const port = 8333;
const bucket = "backups";
export const accessKey = "AKIAPOSTDOCKTEST";
/** Looked for where no secret may be. */
export const secretKey = "its/secret+of=40characters+and+some+more";

const identities = {
  identities: [{
    name: "postdock",
    credentials: [{ accessKey, secretKey }],
    actions: ["Admin", "Read", "Write", "List", "Tagging"],
  }],
};

/** The service `store`, and the variables of barman that name it. The secret comes from a file. */
export async function withStore(): Promise<Edit> {
  const weed = await ensureSeaweed();
  const directory = join(root, "tests", ".work");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "s3.json"), JSON.stringify(identities));
  await writeFile(join(directory, "s3-secret"), `${secretKey}\n`);
  return (file) => {
    file.services.store = {
      image: "postdock/base:2.0",
      entrypoint: ["tini", "--", "weed"],
      command: [
        ...["server", "-dir=/data", "-ip=store", "-ip.bind=0.0.0.0", "-master.volumeSizeLimitMB=64", "-volume.max=30"],
        ...["-s3", `-s3.port=${port}`, "-s3.config=/etc/s3.json"],
      ],
      tmpfs: ["/tmp"],
      volumes: [`${weed}:/usr/local/bin/weed:ro`, `${directory}/s3.json:/etc/s3.json:ro`, "/data"],
      networks: ["cluster"],
    };
    setEnvironment(file, "backup", {
      CLOUD_BACKUP_URL: `s3://${bucket}/of/scenario`,
      CLOUD_BACKUP_ENDPOINT: `http://store:${port}`,
      CLOUD_BACKUP_ACCESS_KEY: accessKey,
      CLOUD_BACKUP_SECRET_KEY_FILE: "/run/s3-secret",
    });
    file.services.backup!.volumes!.push(`${directory}/s3-secret:/run/s3-secret:ro`);
  };
}

/** Waits until the store answers, and makes the bucket. */
export async function makeBucket(cluster: Cluster): Promise<void> {
  const container = await cluster.container("store");
  const shell = `echo 's3.bucket.create -name ${bucket}' | weed shell && echo s3.bucket.list | weed shell`;
  let last = "";
  const made = async () => {
    const result = await tryExec(container, ["sh", "-c", shell]);
    last = result.stdout + result.stderr;
    return result.code === 0 && result.stdout.includes(bucket);
  };
  await waitUntil(
    made,
    { what: "the object store to have a bucket", deadlineMs: 120_000, everyMs: 1_000, why: () => last },
    { clock: systemClock },
  );
}

/** What `postdock barman list` says of the store. */
export interface Stored {
  backups: { id: string; whole: boolean; keep: string | null }[];
  walFiles: number;
  lastWal: string | null;
  error?: string;
}

/** What the store holds, as barman sees it. */
export async function storedIn(backup: string): Promise<Stored> {
  return JSON.parse(await exec(backup, ["postdock", "barman", "list", "--json"], 60_000)).store;
}

/** Waits until the store holds exactly these backups, all of them with their WAL, and those that are kept so. */
export async function waitStored(backup: string, wanted: (stored: Stored) => boolean, what: string): Promise<Stored> {
  let last: Stored | null = null;
  return await waitUntil(
    async () => {
      last = await storedIn(backup);
      return last.error === undefined && wanted(last) ? last : null;
    },
    { what, deadlineMs: 120_000, everyMs: 1_000, why: () => JSON.stringify(last) },
    { clock: systemClock },
  );
}
