// PURE: from images/versions.json to the images of each combination: tags, aliases and build arguments.
import type { ImageVersions } from "../config/image-versions.ts";
import { ExitCode, OperatorError } from "../core/words/errors.ts";

/** What one suite of Debian carries. */
export interface Combination extends ImageVersions {
  suite: string;
}

/** images/versions.json; the first combination is the default. */
export interface Versions {
  postdock: string;
  combinations: readonly Combination[];
}

const components = ["postgres", "pgpool", "barman"] as const;
export type Component = typeof components[number];

/** What each image holds, its own component first, as its tag names it. */
const parts: Readonly<Record<Component, readonly (keyof Combination)[]>> = {
  postgres: ["postgres", "repmgr"],
  pgpool: ["pgpool", "postgres"],
  barman: ["barman", "postgres"],
};

/** One image to be built. */
export interface Image {
  component: Component;
  suite: string;
  /** whole names; the first is that under which it is built */
  names: readonly string[];
  /** the tag of the first name */
  tag: string;
  /** build arguments beside BASE */
  args: Readonly<Record<string, string>>;
}

/** The image of Debian that a combination is made from. */
export const debianOf = ({ suite }: Combination): string => `debian:${suite}-slim`;

/** The image that those of a combination share. The default one has no suite in its name. */
export function baseOf(versions: Versions, { suite }: Combination): string {
  return `postdock/base:${versions.postdock}${suite === defaultOf(versions).suite ? "" : `-${suite}`}`;
}

/** The combination of `latest` and `edge`. Throws OperatorError if the list is empty. */
export function defaultOf({ combinations }: Versions): Combination {
  const [first] = combinations;
  if (first) return first;
  throw new OperatorError({ what: "images/versions.json lists nothing", fix: "put a combination into it" });
}

/** The images of a combination: NAME:2.0-postgres17-repmgr55, the same with latest, and for the default latest and edge. */
export function imagesOf(versions: Versions, combination: Combination): Image[] {
  const aliases = combination === defaultOf(versions) ? ["latest", "edge"] : [];
  return components.map((component) => {
    const contents = parts[component].map((part) => `${part}${combination[part].replaceAll(".", "")}`).join("-");
    const tag = `${versions.postdock}-${contents}`;
    return {
      component,
      suite: combination.suite,
      names: [tag, `latest-${contents}`, ...aliases].map((t) => `postdock/${component}:${t}`),
      tag,
      args: {
        POSTGRES: combination.postgres,
        ...component === "postgres"
          ? { REPMGR: combination.repmgr }
          : { [component.toUpperCase()]: combination[component] },
        IMAGE_VERSIONS: parts[component].map((part) => `${part}=${combination[part]}`).join(","),
      },
    };
  });
}

/**
 * The images that `only` names: a suite, a component, a part of tags such as postgres18, or a tag. Throws OperatorError if it names none.
 */
export function imagesNamed(versions: Versions, only: string): Image[] {
  const all = versions.combinations.flatMap((combination) => imagesOf(versions, combination));
  const found = all.filter(({ component, suite, tag }) => [component, suite, tag, ...tag.split("-")].includes(only));
  if (found.length > 0) return found;
  const words = new Set(all.flatMap(({ component, suite, tag }) => [component, suite, ...tag.split("-").slice(1)]));
  throw new OperatorError({
    what: `No image is called ${JSON.stringify(only)}`,
    fix: `give one of ${[...words].sort().join(", ")}`,
    exitCode: ExitCode.usage,
  });
}
