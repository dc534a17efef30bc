// PURE: nodes that answer, and of which nothing is known: they are not gone, so nobody leads in their place.
import type { ClusterView } from "./view.ts";

/**
 * Why this node does not lead by itself: another one that may lead answers with the key of this cluster, and what it says cannot
 * be read. Null if none does. Without a majority, nothing is waited for: QUORUM is off, or an operator has forced this node.
 */
export function whyUnread({ quorum, otherPartners, peers }: Pick<ClusterView, "quorum" | "otherPartners" | "peers">) {
  if (!quorum) return null;
  const unread = peers.find((p) =>
    p.seen === "not-understood" && (otherPartners.length === 0 || otherPartners.includes(p.host))
  );
  if (unread?.seen !== "not-understood") return null;
  return `${unread.host} answers, but what it says cannot be read (${unread.error}), so it may lead or have newer data; run ` +
    `the same release of PostDock everywhere, or stop ${unread.host}`;
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
