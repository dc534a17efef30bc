// Which versions the image holds, as its build says, and what follows from a version.
import { env, MalformedValue, type Variable } from "./env.ts";

/** Versions with dots, as their makers count: PostgreSQL 17, pgpool 4.6. */
export interface ImageVersions {
  postgres: string;
  repmgr: string;
  pgpool: string;
  barman: string;
}

/** Those of the default images: the first combination of images/versions.json. An image says only what it holds. */
export const usualVersions: ImageVersions = { postgres: "17", repmgr: "5.5", pgpool: "4.6", barman: "3.13" };

function parse(text: string): ImageVersions {
  const versions = { ...usualVersions };
  for (const part of text.split(",")) {
    const [, name, version] = /^([a-z]+)=(\d+(?:\.\d+)?)$/.exec(part) ?? [];
    if (name === undefined || version === undefined || !Object.hasOwn(versions, name)) {
      throw new MalformedValue("is not a list of components with their versions");
    }
    versions[name as keyof ImageVersions] = version;
  }
  return versions;
}

export const imageVersions: Variable<ImageVersions> = env<ImageVersions>("IMAGE_VERSIONS", parse, {
  fallback: usualVersions,
  defaultText: "as the image is built",
  accepts: "component=version[,component=version] with postgres, repmgr, pgpool and barman",
  doc:
    "The versions in the image, which its build sets. An image of your own FROM one of these keeps it; leave it as it is.",
  changed: "New.",
});

/** Whether a version is another one or later. */
export function isSince(version: string, since: string): boolean {
  const [a, b] = [version, since].map((v) => v.split(".").map(Number));
  const [major = 0, minor = 0] = a!;
  const [wantedMajor = 0, wantedMinor = 0] = b!;
  return major !== wantedMajor ? major > wantedMajor : minor >= wantedMinor;
}
