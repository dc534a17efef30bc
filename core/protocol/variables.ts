// PURE: variables that have to be the same in all containers of a cluster, as each reports them in /status, compared.

/** By their public names, as one container has them. What does not concern it is left out. */
export type SharedVariables = Readonly<Record<string, string>>;

/** A variable of which there is more than one value; the value of most containers comes first. */
export interface Differing {
  variable: string;
  values: readonly { value: string; hosts: readonly string[] }[];
}

/** The variables that differ between these containers. */
export function differing(said: readonly { host: string; variables: SharedVariables }[]): Differing[] {
  const names = [...new Set(said.flatMap((s) => Object.keys(s.variables)))].toSorted();
  return names.flatMap((variable) => {
    const having = said.filter((s) => Object.hasOwn(s.variables, variable));
    const groups = Map.groupBy(having, (s) => s.variables[variable]!);
    if (groups.size < 2) return [];
    const values = [...groups].map(([value, same]) => ({ value, hosts: same.map((s) => s.host).toSorted() }));
    return [{ variable, values: values.toSorted((a, b) => b.hosts.length - a.hosts.length) }];
  });
}

/** A value that is empty is shown as such. */
const shown = (value: string) => value === "" ? "nothing" : value;

/** What differs, with all values and where they are. */
export function differingText({ variable, values }: Differing): string {
  const parts = values.map(({ value, hosts }) => `${shown(value)} on ${hosts.join(", ")}`);
  return `${variable} differs: ${parts.join("; ")}`;
}

/** What to do about it. */
export function differingFix({ variable, values }: Differing): string {
  const others = values.slice(1).flatMap((v) => v.hosts);
  return `set the same ${variable} everywhere (${
    shown(values[0]!.value)
  }, as most have it, or another value), and make the ` +
    `containers that had another again, one at a time, for example: docker compose up -d ${others[0]}`;
}
