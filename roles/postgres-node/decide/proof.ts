// PURE: whether the nodes in sight prove that no more would be lost than CONSISTENCY allows: nothing in strict mode, otherwise
// only what the last primary had not sent yet.
import type { WalPosition } from "../../../core/postgres/lsn.ts";
import { type Leadership, ofCluster } from "../../../core/lease/decide/epoch.ts";
import { provesAll } from "./sync.ts";
import { counting, located, majorityKnown, withoutData } from "./counting.ts";
import type { ClusterView } from "./view.ts";

export type ProofView =
  & Pick<ClusterView, "self" | "quorum" | "strict" | "otherPartners" | "peers" | "everHadMajority" | "leaderships">
  & { systemIdentifier: string; position: WalPosition };

/**
 * In strict mode: why the nodes in sight do not prove that the most advanced of them has every acknowledged commit. Null if
 * they do. A `final` look counts only nodes that are certain how far their WAL reaches.
 *
 * A commit waited for the nodes of its primary's PARTNER_NODES, and these may differ while an operator changes them. So the
 * proof has to hold for every configuration that a node in sight has, or that a leadership had whose commits may be missing
 * here. Such a leadership is not older than this node's WAL: to lead, its predecessors had to prove the same.
 */
export function missingProof(view: ProofView, { final = false }: { final?: boolean } = {}): string | null {
  const peers = located(view, view.systemIdentifier);
  const unsure = new Set(final ? peers.filter((p) => !p.certain).map((p) => p.ownHost) : []);
  const seen = new Set([view.self.host, ...peers.map((p) => p.ownHost).filter((host) => !unsure.has(host))]);
  const blindOf = (partners: readonly string[]) => {
    const blind = partners.filter((host) => unsure.has(host));
    return blind.length > 0 ? `; still uncertain where their own WAL ends: ${blind}` : "";
  };
  if (!view.strict) {
    const unseen = unseenLeadership(view, seen);
    if (!unseen) return null;
    return `${unseen.host} has led on timeline ${unseen.epoch} since this node had its WAL, and no node in sight ` +
      `has followed it${
        blindOf(unseen.partners)
      }; start ${unseen.host}, or type postdock cluster failover --force to go on ` +
      "without what was written there";
  }
  // before a majority has joined, a commit needs no other node to be acknowledged; voters know of a leadership since then
  if (!majorityKnown(view) && ofCluster(view.leaderships, view.systemIdentifier).length === 0) return null;
  for (const { partners, whose } of configurations(view)) {
    const there = partners.filter((host) => seen.has(host)).length;
    if (provesAll(there, partners.length)) continue;
    return `CONSISTENCY is strict, and ${there} of ${partners.length} nodes (PARTNER_NODES ${whose}) cannot prove that no ` +
      `acknowledged commit is lost${
        blindOf(partners)
      }; start the others, or type postdock cluster failover --force to go on ` +
      "with what is here";
  }
  return null;
}

function configurations(view: ProofView): { partners: readonly string[]; whose: string }[] {
  const own = { partners: [view.self.host, ...view.otherPartners], whose: "of this node" };
  const theirs = counting(view, view.systemIdentifier).filter((p) => p.partners.length > 0)
    .map((p) => ({ partners: p.partners, whose: `of ${p.host}: ${p.partners}` }));
  const led = ofCluster(view.leaderships, view.systemIdentifier).filter((l) => l.epoch >= view.position.timeline)
    .map((l) => ({ partners: l.partners, whose: `of the primary of timeline ${l.epoch}: ${l.partners}` }));
  const known = new Set<string>();
  return [own, ...theirs, ...led].filter(({ partners }) => {
    const key = partners.toSorted().join(" ");
    return known.has(key) ? false : known.add(key);
  });
}

/**
 * Without strict mode: the leadership of another node that nobody in sight has followed, if that may be because too few nodes
 * are in sight. It may have lasted for days. The number may also have been reserved in vain, but nobody here can know that.
 */
function unseenLeadership(view: ProofView, followers: ReadonlySet<string>): Leadership | null {
  if (!view.quorum) return null;
  const seen = new Set([...followers, ...withoutData(view, view.systemIdentifier)]);
  // a node without data says nothing of a leadership whose own node may have it all
  const there = (l: Leadership) => l.partners.filter((host) => (seen.has(l.host) ? seen : followers).has(host)).length;
  const unseen = ofCluster(view.leaderships, view.systemIdentifier).find((l) =>
    l.epoch > view.position.timeline && l.host !== view.self.host &&
    there(l) * 2 <= l.partners.length
  );
  return unseen ?? null;
}
