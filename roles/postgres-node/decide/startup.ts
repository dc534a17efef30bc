// PURE: what a node with no running PostgreSQL does next, from one view (DESIGN.md section 4).
import { type ClusterView, countMajority, type OwnCluster, type PrimaryInSight, reached } from "./view.ts";
import { missingProof } from "./proof.ts";
import { rivalWithRoom, withoutStuck } from "./stuck.ts";
import { twoTimelines } from "./two-timelines.ts";
import { comparePosition, isAncestor, sameOrigin } from "../../../core/postgres/lsn.ts";
import { unreachable } from "../../../core/words/errors.ts";

export type StartupPlan =
  | { do: "bootstrap"; because: string }
  | { do: "finish-move"; because: string }
  | { do: "discard-bootstrap"; because: string }
  | { do: "clone"; from: string; because: string }
  | { do: "rewind"; to: string; because: string }
  | { do: "start-primary"; because: string }
  | { do: "start-standby"; upstream: string; because: string }
  | { do: "wait"; because: string }
  | { do: "refuse"; because: string; fix: string };

/** How long a partner that does not answer holds up a first bootstrap, milliseconds. */
export const bootstrapGraceMs = 3_000;
/** How long a fresh node waits for its configured upstream while another primary is there, milliseconds. */
export const upstreamGraceMs = 30_000;

export interface StartupLook {
  /** what is in view was seen with the lease in hand: nobody else can be about to lead */
  final?: boolean;
}

export function decideStartup(view: ClusterView, look: StartupLook = {}): StartupPlan {
  const twin = decideTwin(view);
  if (twin) return twin;
  switch (view.data.kind) {
    case "empty":
    case "half-cloned":
      return decideEmpty(view);
    case "unfinished-move":
      return { do: "finish-move", because: "A whole clone waits to be moved into place" };
    case "unfinished-bootstrap":
      return { do: "discard-bootstrap", because: "A bootstrap was cut off before this node served anybody" };
    case "foreign":
      return {
        do: "refuse",
        because: `The data directory is not empty and holds no cluster (${view.data.entries.slice(0, 5).join(", ")})`,
        fix: "mount the right volume, or empty this one if its content is not needed",
      };
    case "other-version":
      return {
        do: "refuse",
        because: `The data directory is of PostgreSQL ${view.data.version}, this image is PostgreSQL 17`,
        fix: "start the image of that version, or migrate the data with pg_dump or pg_upgrade",
      };
    case "damaged":
      return decideDamaged(view, view.data.why);
    case "cluster":
      return decideCluster(view, view.data, look);
    default:
      return unreachable(view.data);
  }
}

/** Two nodes of one id or name would take each other's slot and record: the one that came later does not start. */
function decideTwin({ self, peers }: ClusterView): StartupPlan | null {
  const here = reached({ peers }).filter((p) => p.nodeId === self.nodeId || p.name === self.name);
  const twin = here.find((p) => p.role === "primary" || p.role === "standby" || p.uptimeSeconds > self.uptimeSeconds);
  if (!twin) return null;
  const same = twin.nodeId === self.nodeId ? `NODE_ID ${self.nodeId}` : `NODE_NAME ${self.name}`;
  return {
    do: "refuse",
    because: `${twin.host} and this node (${self.host}) both have ${same}`,
    fix: "give each node a NODE_ID and a NODE_NAME of its own; the node that runs already is not touched",
  };
}

function decideEmpty(view: ClusterView): StartupPlan {
  if (view.primary) return chooseCloneSource(view, view.primary);
  const withData = reached(view).filter((p) => p.hasCluster);
  if (withData.length > 0) {
    return { do: "wait", because: `${names(withData)} hold a cluster, but none of them is primary yet` };
  }
  if (view.data.kind === "half-cloned") {
    return { do: "wait", because: "A clone was cut off here and no primary is in sight to clone from again" };
  }
  if (!view.mayBootstrap) {
    return {
      do: "wait",
      because: `The upstream ${view.configuredUpstream} has no cluster to clone yet${silent(view)}`,
    };
  }
  const missing = view.otherPartners.filter((h) => !reached(view).some((p) => p.host === h));
  if (missing.length > 0 && view.waitedMs < bootstrapGraceMs) {
    return { do: "wait", because: `Giving ${missing.join(", ")} a moment to answer before making a fresh cluster` };
  }
  return {
    do: "bootstrap",
    because: "The data directory is empty, no upstream is configured and no node that answers has data",
  };
}

function decideDamaged(view: ClusterView, why: string): StartupPlan {
  return {
    do: "refuse",
    because: `The data directory cannot be read as a cluster: ${why}`,
    fix: view.primary
      ? `empty the volume of this node and start it again: it clones from ${view.primary.host}`
      : "restore it from a backup, or empty the volume once another node is primary",
  };
}

function chooseCloneSource(view: ClusterView, primary: PrimaryInSight): StartupPlan {
  const upstream = view.configuredUpstream;
  if (upstream === null || upstream === primary.host || view.otherPartners.includes(upstream)) {
    return { do: "clone", from: primary.host, because: `${primary.host} is the primary and this node has no data` };
  }
  const peer = reached(view).find((p) => p.host === upstream);
  if (peer?.role === "standby" && peer.systemIdentifier === primary.systemIdentifier) {
    return { do: "clone", from: upstream, because: `${upstream} is the configured upstream and this node has no data` };
  }
  if (view.waitedMs < upstreamGraceMs) {
    return { do: "wait", because: `The configured upstream ${upstream} does not run yet` };
  }
  return {
    do: "clone",
    from: primary.host,
    because: `The configured upstream ${upstream} stays away, ${primary.host} is the primary`,
  };
}

function decideCluster(view: ClusterView, own: OwnCluster, look: StartupLook): StartupPlan {
  const stranger = reached(view).find((p) =>
    p.systemIdentifier !== null && p.systemIdentifier !== own.systemIdentifier
  );
  const primary = view.primary;
  if (primary?.systemIdentifier && primary.systemIdentifier !== own.systemIdentifier) {
    return foreignCluster(own, primary.host, primary.systemIdentifier);
  }
  if (!primary && stranger?.systemIdentifier) return foreignCluster(own, stranger.host, stranger.systemIdentifier);
  if (primary) return joinPrimary(view, own, primary);
  return own.wasPrimary ? decideFormerPrimary(view, own, look) : decideFormerStandby(view, own);
}

function foreignCluster(own: OwnCluster, host: string, identifier: string): StartupPlan {
  return {
    do: "refuse",
    because: `Two clusters met: the data here has system identifier ${own.systemIdentifier}, ${host} has ${identifier}`,
    fix:
      "mount the volume that belongs to this node, or empty this one so that it clones, or point the node at its own cluster",
  };
}

function joinPrimary(view: ClusterView, own: OwnCluster, primary: PrimaryInSight): StartupPlan {
  const upstream = chooseUpstream(view, own, primary);
  const sameTimelineTwice = own.wasPrimary && primary.timeline === own.position.timeline;
  if (!sameOrigin(own.origin, primary.origin)) {
    return { do: "clone", from: primary.host, because: twoTimelines(own.position.timeline, primary.host) };
  }
  const follows = !sameTimelineTwice && primary.timeline !== null && primary.history !== null &&
    isAncestor(own.position, { timeline: primary.timeline, history: primary.history });
  const at = `timeline ${own.position.timeline} at ${own.position.lsn}`;
  if (view.cloneBecause !== null) return { do: "clone", from: primary.host, because: view.cloneBecause };
  if (follows) {
    return { do: "start-standby", upstream, because: `${primary.host} is the primary and continues this node's ${at}` };
  }
  if (view.cleanOverRewind) {
    return {
      do: "clone",
      from: primary.host,
      because: `${primary.host} left this node's ${at} and CLEAN_OVER_REWIND=1`,
    };
  }
  if (sameTimelineTwice) {
    return {
      do: "clone",
      from: primary.host,
      because: `${primary.host} and this node were both primary on timeline ${primary.timeline}`,
    };
  }
  return { do: "rewind", to: primary.host, because: `${primary.host} is the primary and left this node's ${at}` };
}

/** A standby returns to the upstream it is configured with, or had, where that runs; else it follows the primary. */
function chooseUpstream(view: ClusterView, own: OwnCluster, primary: PrimaryInSight): string {
  // what a clone brought along as its last upstream is its source's, not its own
  if (view.configuredUpstream === primary.host) return primary.host;
  const candidates = view.otherPartners.length > 0 ? [] : [view.configuredUpstream, own.lastUpstream];
  const running = candidates.find((host) =>
    reached(view).some((p) =>
      p.host === host && p.role === "standby" && p.position?.timeline === primary.timeline &&
      p.upstream !== view.self.host
    )
  );
  return running ?? primary.host;
}

function decideFormerPrimary(all: ClusterView, own: OwnCluster, look: StartupLook): StartupPlan {
  const view = withoutStuck(all, own.position);
  const majority = countMajority(view);
  const newer = reached(view).filter((p) => p.position && comparePosition(p.position, own.position) > 0);
  const becoming = reached(view).find((p) => p.becomingPrimary);
  if (becoming && !look.final) return { do: "wait", because: `${becoming.host} is becoming primary` };
  if (newer.length > 0) {
    return { do: "wait", because: `${names(newer)} have newer data than this former primary and decide who leads` };
  }
  if (!majority.ok) {
    return {
      do: "wait",
      because: `Only ${majority.have} of ${majority.size} voters answer, a majority decides who leads; missing: ` +
        majority.missing.join(", "),
    };
  }
  const proof = missingProof(view, look);
  if (proof !== null) return { do: "wait", because: proof };
  const rival = view.stuckWithoutRoom ? rivalWithRoom(view, own.position) : null;
  if (rival) return { do: "wait", because: `This volume has no room to write, and ${rival.host} can lead` };
  return {
    do: "start-primary",
    because: majority.needed
      ? `This node was the primary, ${majority.have} of ${majority.size} voters answer and nobody has newer data`
      : "This node was the primary and no other node that answers has newer data",
  };
}

function decideFormerStandby(view: ClusterView, own: OwnCluster): StartupPlan {
  const upstream = own.lastUpstream ?? view.configuredUpstream;
  if (upstream === null) {
    return {
      do: "wait",
      because: `This node was a standby of an unknown upstream and no primary is in sight${silent(view)}`,
    };
  }
  return {
    do: "start-standby",
    upstream,
    because: `This node was a standby and no primary is in sight${silent(view)}`,
  };
}

function names(peers: readonly { host: string }[]): string {
  return peers.map((p) => p.host).join(", ");
}

function silent(view: ClusterView): string {
  const hosts = view.peers.filter((p) => p.seen === "unreachable").map((p) => p.host);
  return hosts.length > 0 ? ` (no answer from ${hosts.join(", ")})` : "";
}
