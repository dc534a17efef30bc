// PURE: ranges of versions, as `runonserver` of postgres_exporter's queries has them: ">=10.0.0 <17 || =18.1".

const comparison = /^(>=|<=|!=|>|<|==?|!)?(\d+)(?:\.(\d+))?(?:\.\d+)?$/;

/** Whether a version of PostgreSQL is in the range; null: the text is not a range. `version`: 17.2 is 17.02, 17 is 17. */
export function matchesRange(text: string, version: number): boolean | null {
  const alternatives = text.split("||").map((all) => all.trim().split(/\s+/).map((one) => matchesOne(one, version)));
  if (alternatives.flat().includes(null)) return null;
  return alternatives.some((all) => all.every((matches) => matches === true));
}

function matchesOne(text: string, version: number): boolean | null {
  const [, operator = "=", major, minor = "0"] = comparison.exec(text) ?? [];
  if (major === undefined) return null;
  const wanted = Number(major) + Number(minor) / 100;
  switch (operator) {
    case ">=":
      return version >= wanted;
    case "<=":
      return version <= wanted;
    case ">":
      return version > wanted;
    case "<":
      return version < wanted;
    case "!=":
    case "!":
      return version !== wanted;
    default:
      return version === wanted;
  }
}

/** `server_version_num` as such a version: 170002 is 17.02. */
export const versionOf = (serverVersionNum: number): number =>
  Math.floor(serverVersionNum / 10_000) + (serverVersionNum % 10_000) / 100;
