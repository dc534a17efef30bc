// PURE: what is in an image, as CycloneDX 1.6 (ECMA-424), and how two builds of it differ.

/** One package of an image: a Debian package, or one that the executable holds. */
export interface Part {
  kind: "deb" | "npm";
  name: string;
  version: string;
  /** of a Debian package */
  architecture?: string;
}

/** deno.lock, as far as it is read. */
export interface Lock {
  npm: Readonly<Record<string, { dependencies?: readonly string[] }>>;
}

/** `dpkg-query --show` with this format gives what parsePackages() reads. */
export const packageFormat = "${Package} ${Version} ${Architecture} ${db:Status-Abbrev}\n";

/** The installed Debian packages. Throws Error for a line of another form. */
export function parsePackages(text: string): Part[] {
  return text.split("\n").filter((line) => line.trim() !== "").flatMap((line): Part[] => {
    const [name, version, architecture, status] = line.trim().split(/\s+/);
    if (!name || !version || !architecture || !status) throw new Error(`dpkg-query printed ${JSON.stringify(line)}`);
    return status.startsWith("ii") ? [{ kind: "deb", name, version, architecture }] : [];
  });
}

/** These packages and all that they need, from the lock file. `roots`: as in an import, for example "npm:hono@4.13.19". */
export function lockedPackages(roots: readonly string[], { npm }: Lock): Part[] {
  const found = new Map<string, Part>();
  const add = (wanted: string) => {
    const key = Object.hasOwn(npm, wanted) ? wanted : Object.keys(npm).find((k) => k.startsWith(`${wanted}@`));
    if (key === undefined) throw new Error(`deno.lock has no ${wanted}`);
    if (found.has(key)) return;
    const at = key.indexOf("@", 1);
    found.set(key, { kind: "npm", name: key.slice(0, at), version: key.slice(at + 1).split("_")[0]! });
    for (const needed of npm[key]!.dependencies ?? []) add(needed);
  };
  for (const root of roots) add(root.replace(/^npm:/, ""));
  return [...found.values()];
}

const urlOf = ({ kind, name, version, architecture }: Part) =>
  kind === "deb"
    ? `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`
    : `pkg:npm/${name.split("/").map(encodeURIComponent).join("/")}@${version}`;

const sorted = (parts: readonly Part[]) =>
  parts.toSorted((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));

/** The document. `made`: how the image was made, by name. The same parts give the same bytes. */
export function renderSbom(
  image: { name: string; version: string },
  parts: readonly Part[],
  made: Readonly<Record<string, string>>,
): string {
  const components = sorted(parts).map((part) => ({
    type: "library",
    name: part.name,
    version: part.version,
    purl: urlOf(part),
  }));
  const properties = Object.entries(made).map(([name, value]) => ({ name: `postdock:${name}`, value }));
  const metadata = { component: { type: "container", ...image }, properties };
  return `${
    JSON.stringify({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1, metadata, components }, null, 2)
  }\n`;
}

/** What differs between two builds, a line each. */
export function difference(before: readonly Part[], after: readonly Part[]): string[] {
  const versions = (parts: readonly Part[]) => new Map(parts.map((p) => [`${p.kind} ${p.name}`, p.version]));
  const [old, now] = [versions(before), versions(after)];
  return [...new Set([...old.keys(), ...now.keys()])].toSorted().flatMap((key) => {
    const [was, is] = [old.get(key) ?? "absent", now.get(key) ?? "absent"];
    return was === is ? [] : [`${key}: ${was}, now ${is}`];
  });
}
