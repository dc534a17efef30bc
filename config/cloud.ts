// The variables of the object store to which backups and WAL also go.
import { type ConfigOf, type ConfigProblem, env, MalformedValue, oneOf, plainText } from "./env.ts";
import { hasBarman } from "./barman-features.ts";
import type { ImageVersions } from "./image-versions.ts";

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

/** Where the keys come from: a file in the form of AWS, or the role of the virtual machine. */
const credentials = (text: string) => {
  if (text !== "instance" && !/^\/[^\s:]+$/.test(text)) {
    throw new MalformedValue("is neither the absolute path of a file nor the word instance");
  }
  return plainText(text);
};

const encryptions = ["none", "AES256", "aws:kms"] as const;

const kmsKey = (text: string) => {
  if (!/^[A-Za-z0-9:\/_-]{1,2048}$/.test(text)) throw new MalformedValue("is not the id of a key");
  return text;
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
  cloudEncryption: env<typeof encryptions[number]>("CLOUD_BACKUP_ENCRYPTION", oneOf(encryptions), {
    fallback: "none",
    accepts: "none, AES256 or aws:kms",
    doc: "How the object store is told to encrypt what it gets. none: as the bucket is set up.",
  }),
  cloudKmsKey: env("CLOUD_BACKUP_KMS_KEY", kmsKey, {
    fallback: "",
    accepts: "the id or the ARN of a key of AWS KMS",
    defaultText: "the key of the bucket",
    doc: "Key for CLOUD_BACKUP_ENCRYPTION=aws:kms.",
  }),
  cloudCredentials: env("CLOUD_BACKUP_CREDENTIALS", credentials, {
    fallback: "",
    accepts: "the absolute path of a file, or instance",
    doc:
      "Where the key comes from instead of the two variables below: a credentials file of AWS, profile default, or the " +
      "role of the EC2 instance.",
  }),
  cloudAccessKey: env("CLOUD_BACKUP_ACCESS_KEY", key, {
    fallback: "",
    accepts: "the id of an access key, without white space",
    doc:
      "Access key that may list, read, write and delete objects in the bucket. Needed without CLOUD_BACKUP_CREDENTIALS.",
    secret: true,
  }),
  cloudSecretKey: env("CLOUD_BACKUP_SECRET_KEY", key, {
    fallback: "",
    accepts: "the secret of that access key, without white space",
    doc: "Secret of CLOUD_BACKUP_ACCESS_KEY.",
    secret: true,
  }),
};

export type CloudConfig = ConfigOf<typeof cloudVariables>;

/** Problems between these variables: an address without its key, two sources of keys, or what means nothing alone. */
export function cloudProblems(config: CloudConfig & { imageVersions: ImageVersions }): ConfigProblem[] {
  const keys = [
    ["CLOUD_BACKUP_ACCESS_KEY", config.cloudAccessKey],
    ["CLOUD_BACKUP_SECRET_KEY", config.cloudSecretKey],
  ] as const;
  if (config.cloudUrl === "") return withoutStore(keys, config);
  const byFile = config.cloudCredentials !== "";
  const problems: ConfigProblem[] = keys.filter(([, value]) => byFile !== (value === "")).map(([variable]) => ({
    variable,
    message: byFile
      ? `${variable} and CLOUD_BACKUP_CREDENTIALS are both set`
      : `${variable} is not set, but CLOUD_BACKUP_URL is`,
    fix: byFile
      ? `unset ${variable} or CLOUD_BACKUP_CREDENTIALS`
      : `set ${variable} (or ${variable}_FILE) or CLOUD_BACKUP_CREDENTIALS, or unset CLOUD_BACKUP_URL`,
  }));
  if (config.cloudKmsKey !== "" && !hasBarman(config.imageVersions, "key of the store")) {
    return [...problems, {
      variable: "CLOUD_BACKUP_KMS_KEY",
      message: `CLOUD_BACKUP_KMS_KEY is set, but barman ${config.imageVersions.barman} has no option for a key`,
      fix: "unset CLOUD_BACKUP_KMS_KEY and set the key of the bucket, or go over to a later image (docs/images.md)",
    }];
  }
  if (config.cloudKmsKey === "" || config.cloudEncryption === "aws:kms") return problems;
  return [...problems, {
    variable: "CLOUD_BACKUP_KMS_KEY",
    message: `CLOUD_BACKUP_KMS_KEY is set, but CLOUD_BACKUP_ENCRYPTION is ${config.cloudEncryption}`,
    fix: "set CLOUD_BACKUP_ENCRYPTION to aws:kms, or unset CLOUD_BACKUP_KMS_KEY",
  }];
}

function withoutStore(keys: readonly (readonly [string, string])[], config: CloudConfig): ConfigProblem[] {
  const others = [
    ["CLOUD_BACKUP_ENDPOINT", config.cloudEndpoint],
    ["CLOUD_BACKUP_CREDENTIALS", config.cloudCredentials],
    ["CLOUD_BACKUP_ENCRYPTION", config.cloudEncryption === "none" ? "" : config.cloudEncryption],
    ["CLOUD_BACKUP_KMS_KEY", config.cloudKmsKey],
    ...keys,
  ] as const;
  return others.filter(([, value]) => value !== "").map(([variable]) => ({
    variable,
    message: `${variable} is set, but CLOUD_BACKUP_URL is not`,
    fix: `set CLOUD_BACKUP_URL to the bucket for the backups, or unset ${variable}`,
  }));
}
