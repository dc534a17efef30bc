// PURE: whether the nodes in sight prove that no commit acknowledged in strict mode would be lost.
import { provesAll } from "./sync.ts";
import { type ClusterView, reached } from "./view.ts";

/**
 * In strict mode: why the nodes in sight do not prove that the most advanced of them has every acknowledged commit. Null if
 * they do. A `final` look counts only nodes that are certain how far their WAL reaches.
 */
export function missingProof(
  view: Pick<ClusterView, "strict" | "otherPartners" | "peers" | "everHadMajority">,
  { final = false }: { final?: boolean } = {},
): string | null {
  // before a majority has joined, a commit needs no other node to be acknowledged
  if (!view.strict || !(view.everHadMajority || reached(view).some((p) => p.everHadMajority))) return null;
  const located = reached(view).filter((p) => view.otherPartners.includes(p.host) && p.position !== null);
  const unsure = final ? located.filter((p) => !p.certain).map((p) => p.host) : [];
  const seen = located.length - unsure.length + 1;
  const nodes = view.otherPartners.length + 1;
  if (provesAll(seen, nodes)) return null;
  const blind = unsure.length > 0 ? `; still uncertain where their own WAL ends: ${unsure.join(", ")}` : "";
  return `CONSISTENCY is strict, and ${seen} of ${nodes} nodes cannot prove that no acknowledged commit is lost${blind}`;
}
