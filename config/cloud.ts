// The variables of the object store to which backups and WAL also go.
import { type ConfigOf, type ConfigProblem, env, MalformedValue, plainText } from "./env.ts";

/** A bucket and a path in it, without a slash at the end. */
const storeUrl = (text: string) => {
  const [, path] = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]((?:\/[A-Za-z0-9_.-]+)*)\/?$/.exec(text) ?? [];
  if (path === undefined || path.split("/").some((part) => part === ".." || part === ".")) {
    throw new MalformedValue("is not a bucket and a path in it");
  }
  return text.replace(/\/$/, "");
};

const endpointUrl = (text: string) => {
  if (!/^https?:\/\/[A-Za-z0-9_.-]+(:\d{1,5})?\/?$/.test(text)) {
    throw new MalformedValue("is not an address that begins with http:// or https://");
  }
  return text.replace(/\/$/, "");
};

const region = (text: string) => {
  if (!/^[a-z0-9-]{1,63}$/.test(text)) throw new MalformedValue("is not the name of a region");
  return text;
};

const key = (text: string) => {
  if (/\s/.test(text)) throw new MalformedValue("contains white space");
  return plainText(text);
};

export const cloudVariables = {
  cloudUrl: env("CLOUD_BACKUP_URL", storeUrl, {
    fallback: "",
    accepts: "s3://BUCKET or s3://BUCKET/PATH",
    doc:
      "Object store to which base backups and WAL also go. The bucket has to exist. Each cluster needs a path of its " +
      "own. Unset: they stay in BACKUP_DIR only.",
  }),
  cloudEndpoint: env("CLOUD_BACKUP_ENDPOINT", endpointUrl, {
    fallback: "",
    defaultText: "that of AWS in the region",
    accepts: "http://HOST:PORT or https://HOST",
    doc: "Address of an object store that is not AWS but speaks S3.",
  }),
  cloudRegion: env("CLOUD_BACKUP_REGION", region, {
    fallback: "us-east-1",
    accepts: "the name of a region, for example eu-central-1",
    doc: "Region of the bucket.",
  }),
  cloudAccessKey: env("CLOUD_BACKUP_ACCESS_KEY", key, {
    fallback: "",
    accepts: "the id of an access key, without white space",
    doc: "Access key that may list, read, write and delete objects in the bucket. Needed with CLOUD_BACKUP_URL.",
    secret: true,
  }),
  cloudSecretKey: env("CLOUD_BACKUP_SECRET_KEY", key, {
    fallback: "",
    accepts: "the secret of that access key, without white space",
    doc: "Secret of CLOUD_BACKUP_ACCESS_KEY. Needed with CLOUD_BACKUP_URL.",
    secret: true,
  }),
};

export type CloudConfig = ConfigOf<typeof cloudVariables>;

/** Problems between these variables: an address without its key, or the other way round. */
export function cloudProblems(config: CloudConfig): ConfigProblem[] {
  const keys = [
    ["CLOUD_BACKUP_ACCESS_KEY", config.cloudAccessKey],
    ["CLOUD_BACKUP_SECRET_KEY", config.cloudSecretKey],
  ] as const;
  if (config.cloudUrl !== "") {
    return keys.filter(([, value]) => value === "").map(([variable]) => ({
      variable,
      message: `${variable} is not set, but CLOUD_BACKUP_URL is`,
      fix: `set ${variable} (or ${variable}_FILE), or unset CLOUD_BACKUP_URL`,
    }));
  }
  const others = [["CLOUD_BACKUP_ENDPOINT", config.cloudEndpoint] as const, ...keys];
  return others.filter(([, value]) => value !== "").map(([variable]) => ({
    variable,
    message: `${variable} is set, but CLOUD_BACKUP_URL is not`,
    fix: `set CLOUD_BACKUP_URL to the bucket for the backups, or unset ${variable}`,
  }));
}
