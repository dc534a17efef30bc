// PURE: nodes that answer, and of which nothing is known: they are not gone, so nobody leads in their place.
import type { ClusterView } from "./view.ts";

type Sight = Pick<ClusterView, "forced" | "quorum" | "otherPartners" | "peers">;

/**
 * Why this node does not lead by itself: another one that may lead answers with the key of this cluster, and what it says cannot
 * be read. Where no majority is needed to lead, what answers without that key may lead as well, as nothing else would show. Null
 * if there is none, or an operator has forced this node.
 */
export function whyUnread({ forced, quorum, otherPartners, peers }: Sight): string | null {
  if (forced) return null;
  const byMajority = quorum && otherPartners.length > 0;
  for (const peer of peers) {
    if (otherPartners.length > 0 && !otherPartners.includes(peer.host)) continue;
    if (peer.seen === "not-understood") {
      return `${peer.host} answers, but what it says cannot be read (${peer.error}), so it may lead or have newer data; run ` +
        `the same release of PostDock everywhere, or stop ${peer.host}`;
    }
    if (peer.seen === "unreachable" && peer.stranger && !byMajority) {
      return `${strangerText(peer)}; it may be the primary`;
    }
  }
  return null;
}

/** Why this node makes no fresh cluster: something answers at another one's name, and that one may have data. Null: nothing does. */
export function whyNotFresh({ peers }: Pick<ClusterView, "peers">): string | null {
  const [odd] = peers.filter((p) => p.seen === "not-understood" || (p.seen === "unreachable" && p.stranger));
  if (odd === undefined || odd.seen === "reached") return null;
  return odd.seen === "not-understood"
    ? `${odd.host} answers, but what it says cannot be read (${odd.error}): run the same release of PostDock everywhere`
    : strangerText(odd);
}

/** What an answer without the key means, and what to do. */
export function strangerText({ host, error }: { host: string; error: string }): string {
  return `what answers at ${host} is not believed (${error}): set the same CLUSTER_KEY or REPLICATION_PASSWORD everywhere`;
}
