// PURE: a node that cannot serve its data is cloned without being asked, where a clone helps and a primary is in sight.
import { onlyCloneHelps } from "../../../core/postgres/remedy.ts";
import type { ClusterView, OwnData } from "./view.ts";

/** What has happened to this node since it last served for a while. */
export interface Broken {
  /** failures in a row, for causes that only a clone mends */
  failures: number;
  /** clones that were made for that */
  clones: number;
}

export const sound: Broken = { failures: 0, clones: 0 };

/** So many failures show that it is not a passing one; so many clones that clones do not help either. */
const enoughFailures = 3;
const mostClones = 3;

/** Counts a failure in. `cloneBecause`: why the node is cloned now; null: a clone would not help, or it is too early to say. */
export function countFailure(because: string, before: Broken): { broken: Broken; cloneBecause: string | null } {
  const broken = { ...before, failures: onlyCloneHelps(because) ? before.failures + 1 : 0 };
  if (broken.failures < enoughFailures || broken.clones >= mostClones) return { broken, cloneBecause: null };
  const cloneBecause = `its own data cannot be used, as ${broken.failures} attempts have shown: ${because}`;
  return { broken: { failures: 0, clones: broken.clones + 1 }, cloneBecause };
}

type PlanOfDamaged =
  | { do: "clone"; from: string; because: string }
  | { do: "refuse"; because: string; fix: string; stays: true };

/** Data that cannot be read as a cluster are replaced, unless they are known to be those of another cluster. */
export function decideDamaged(
  { cloneBecause, primary, self }: ClusterView,
  { why, rememberedSystem }: Extract<OwnData, { kind: "damaged" }>,
): PlanOfDamaged {
  const because = `the data directory cannot be read as a cluster: ${why}`;
  if (primary?.systemIdentifier && rememberedSystem && primary.systemIdentifier !== rememberedSystem) {
    return {
      do: "refuse",
      because: `${because}; and ${primary.host} is of another cluster`,
      fix: "mount the volume that belongs to this node, or empty this one so that the node clones",
      stays: true,
    };
  }
  if (cloneBecause !== null && primary) return { do: "clone", from: primary.host, because: cloneBecause };
  const reinit = `type postdock cluster reinit ${self.host}`;
  const fix = primary
    ? `wait: the node is cloned from ${primary.host} by itself; if it is not, ${reinit}`
    : `${reinit} once another node is the primary; or restore a backup`;
  return { do: "refuse", because, fix, stays: true };
}
