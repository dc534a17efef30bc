// PURE: what a node with no running PostgreSQL does next, from one view of the cluster.
import { decideDamaged } from "./broken.ts";
import { countMajority, electable, isRestored } from "./counting.ts";
import { type ClusterView, type OwnCluster, type PrimaryInSight, reached } from "./view.ts";
import { overruledText } from "./overruled.ts";
import { missingProof } from "./proof.ts";
import { decideRestore, restoredElsewhere } from "./restore.ts";
import { rivalWithRoom, withoutStuck } from "./stuck.ts";
import { decideTwin } from "./twin.ts";
import { type Refusal, refuseTwoClusters } from "./two-clusters.ts";
import { twoTimelines } from "./two-timelines.ts";
import { comparePosition, isAncestor, sameOrigin } from "../../../core/postgres/lsn.ts";
import { unreachable } from "../../../core/words/errors.ts";
import { strangerText, whyNotFresh, whyUnread } from "./unread.ts";

export type StartupPlan =
  | { do: "bootstrap"; because: string }
  | { do: "finish-move"; because: string }
  | { do: "discard-bootstrap"; because: string }
  | { do: "clone"; from: string; because: string }
  | { do: "rewind"; to: string; because: string }
  /** copies the backup of an operator's restore from barman, and puts it in the place of the data here */
  | { do: "restore"; because: string }
  /** puts back the data from before a restore */
  | { do: "undo-restore"; because: string }
  | { do: "start-primary"; because: string }
  /** `slot`: makes sure that the upstream has a slot for this node */
  | { do: "start-standby"; upstream: string; slot: boolean; because: string }
  | { do: "wait"; because: string }
  | Refusal;

/** How long a partner that does not answer delays a first bootstrap, milliseconds. */
export const bootstrapGraceMs = 3_000;
/** How long an empty node waits for its configured upstream although another node is the primary, milliseconds. */
export const upstreamGraceMs = 30_000;

export interface StartupLook {
  /** the view was taken while this node held the lease: no other node can be about to lead */
  final?: boolean;
}

export function decideStartup(view: ClusterView, look: StartupLook = {}): StartupPlan {
  const twin = decideTwin(view);
  if (twin) return twin;
  if (view.restore !== null && view.data.kind !== "unfinished-move") return decideRestore(view, view.restore);
  switch (view.data.kind) {
    case "empty":
    case "half-cloned":
      return decideEmpty(view);
    case "unfinished-move":
      return { do: "finish-move", because: "a complete clone is waiting to be moved into place" };
    case "unfinished-bootstrap":
      return { do: "discard-bootstrap", because: "a bootstrap was interrupted before this node served any client" };
    case "foreign":
      if (view.data.clusterAbove !== undefined) {
        return {
          do: "refuse",
          because: `PGDATA holds no cluster, but the directory above it does: ${view.data.clusterAbove}`,
          fix:
            `set PGDATA to ${view.data.clusterAbove}, or move what it holds into PGDATA; the chart has values-from-1x.yaml`,
        };
      }
      return {
        do: "refuse",
        because: `the data directory is not empty but holds no cluster (${view.data.entries.slice(0, 5).join(", ")})`,
        fix: view.data.entries.every((name) => name.startsWith("."))
          ? "set PGDATA to a directory below this one: what is there belongs to the storage"
          : "mount the right volume; or set PGDATA to a directory below this one; or empty it if nobody needs what is there",
      };
    case "other-version":
      return {
        do: "refuse",
        because:
          `the data directory was made by PostgreSQL ${view.data.version}, but this image runs PostgreSQL ${view.data.image}`,
        fix: "use the image of that version, or migrate the data with pg_dump or pg_upgrade",
      };
    case "damaged":
      return decideDamaged(view, view.data);
    case "cluster":
      return decideCluster(view, view.data, look);
    default:
      return unreachable(view.data);
  }
}

function decideEmpty(view: ClusterView): StartupPlan {
  if (view.primary) return chooseCloneSource(view, view.primary);
  const withData = reached(view).filter((p) => p.hasCluster);
  if (withData.length > 0) {
    return { do: "wait", because: `none of the nodes that hold a cluster is primary yet: ${names(withData)}` };
  }
  if (view.data.kind === "half-cloned") {
    return { do: "wait", because: "the clone of this node was interrupted, and no primary is in sight to clone from" };
  }
  if (!view.mayBootstrap) {
    return {
      do: "wait",
      because: `the upstream ${view.configuredUpstream} has no cluster to clone yet${silent(view)}`,
    };
  }
  const odd = whyNotFresh(view);
  if (odd !== null) return { do: "wait", because: odd };
  const missing = view.otherPartners.filter((h) => !reached(view).some((p) => p.host === h));
  if (missing.length > 0 && view.waitedMs < bootstrapGraceMs) {
    const graceSeconds = bootstrapGraceMs / 1000;
    return {
      do: "wait",
      because: `this node gives ${missing.join(", ")} ${graceSeconds} s to answer before it makes a fresh cluster`,
    };
  }
  return {
    do: "bootstrap",
    because: "the data directory is empty, no upstream is configured and no node that answers has data",
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
    return { do: "wait", because: `the configured upstream ${upstream} is not running yet` };
  }
  return {
    do: "clone",
    from: primary.host,
    because: `the configured upstream ${upstream} has not run for ${
      upstreamGraceMs / 1000
    } s, and ${primary.host} is the primary`,
  };
}

function decideCluster(view: ClusterView, own: OwnCluster, look: StartupLook): StartupPlan {
  const primary = view.primary;
  const refusal = refuseTwoClusters(view, own);
  if (refusal) return refusal;
  if (primary) return joinPrimary(view, own, primary);
  return own.wasPrimary ? decideFormerPrimary(view, own, look) : decideFormerStandby(view, own);
}

function joinPrimary(view: ClusterView, own: OwnCluster, primary: PrimaryInSight): StartupPlan {
  const upstream = chooseUpstream(view, own, primary);
  if (own.ungranted) {
    // its timeline may have the number of an epoch: pg_rewind would take the two for one
    const because = `this node was promoted without an epoch, and ${primary.host} is the primary`;
    return { do: "clone", from: primary.host, because };
  }
  if (own.wasPrimary && isRestored(view, own.systemIdentifier)) {
    const because = `the volume of this node is an older copy, and ${primary.host} is the primary`;
    return { do: "clone", from: primary.host, because };
  }
  const sameTimelineTwice = own.wasPrimary && primary.timeline === own.position.timeline;
  if (!sameOrigin(own.origin, primary.origin)) {
    return { do: "clone", from: primary.host, because: twoTimelines(own.position.timeline, primary.host) };
  }
  const follows = !sameTimelineTwice && primary.timeline !== null && primary.history !== null &&
    isAncestor(own.position, { timeline: primary.timeline, history: primary.history });
  const at = `timeline ${own.position.timeline} at ${own.position.lsn}`;
  if (view.cloneBecause !== null) return { do: "clone", from: primary.host, because: view.cloneBecause };
  if (follows) {
    return {
      do: "start-standby",
      upstream,
      slot: true,
      because: `${primary.host} is the primary, and its history continues this node's ${at}`,
    };
  }
  if (isRestored(view, own.systemIdentifier)) {
    const because = `the history of ${primary.host} left this node's ${at}, which may be of an older copy of a volume`;
    return { do: "clone", from: primary.host, because };
  }
  if (view.cleanOverRewind) {
    return {
      do: "clone",
      from: primary.host,
      because: `the history of ${primary.host} left this node's ${at}, and CLEAN_OVER_REWIND is 1`,
    };
  }
  if (sameTimelineTwice) {
    return {
      do: "clone",
      from: primary.host,
      because: `${primary.host} and this node were both primary on timeline ${primary.timeline}`,
    };
  }
  return {
    do: "rewind",
    to: primary.host,
    because: `${primary.host} is the primary, and its history left this node's ${at}`,
  };
}

/** A standby returns to its configured or its last upstream, if that runs; otherwise it follows the primary. */
function chooseUpstream(view: ClusterView, own: OwnCluster, primary: PrimaryInSight): string {
  // the last upstream in a fresh clone is that of its source, not of this node
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
  if (view.overruled) return { do: "wait", because: overruledText };
  if (own.ungranted) {
    const because =
      "this node was promoted without an epoch from a majority of the voters, so it waits for a primary to clone " +
      "from; if none comes, since this node has the newest data, type postdock cluster failover --force";
    return { do: "wait", because };
  }
  if (isRestored(view, own.systemIdentifier)) {
    return {
      do: "wait",
      because:
        "this node was a primary and does not remember that a majority of PARTNER_NODES has joined, but other nodes do: its " +
        "volume is an older copy, so it waits for a primary to join; if no other node of PARTNER_NODES has data, type " +
        "postdock cluster failover --force",
    };
  }
  if (view.everHadMajority && view.otherPartners.length === 0 && view.configuredUpstream !== null) {
    return { do: "wait", because: "a node of the second level never leads: it waits for a primary to follow" };
  }
  const restored = restoredElsewhere(view);
  if (restored) return restored;
  const unread = view.leadsAgain ? null : whyUnread(view);
  if (unread !== null) return { do: "wait", because: unread };
  const majority = countMajority(view);
  const rivals = electable(view, own.systemIdentifier);
  const newer = rivals.filter((p) => p.position && comparePosition(p.position, own.position) > 0);
  const becoming = rivals.find((p) => p.becomingPrimary);
  if (becoming && !look.final) return { do: "wait", because: `${becoming.host} is becoming primary` };
  if (newer.length > 0 && !view.leadsAgain) {
    return {
      do: "wait",
      because: `nodes with newer data than this former primary decide which node leads: ${names(newer)}`,
    };
  }
  if (!majority.ok) {
    return {
      do: "wait",
      because:
        `only ${majority.have} of ${majority.size} voters answer, but a majority decides which node leads; missing: ` +
        majority.missing.join(", "),
    };
  }
  const proof = missingProof({ ...view, systemIdentifier: own.systemIdentifier, position: own.position }, look);
  if (proof !== null) return { do: "wait", because: proof };
  const rival = view.stuckWithoutRoom ? rivalWithRoom(view, own.position) : null;
  if (rival) return { do: "wait", because: `the volume of this node has no room to write, and ${rival.host} can lead` };
  return {
    do: "start-primary",
    because: majority.needed
      ? `this node was the primary, ${majority.have} of ${majority.size} voters answer, and none of them has newer data`
      : "this node was the primary, and no other node that answers has newer data",
  };
}

function decideFormerStandby(view: ClusterView, own: OwnCluster): StartupPlan {
  const upstream = own.lastUpstream ?? view.configuredUpstream;
  if (upstream === null) {
    return {
      do: "wait",
      because: `this node was a standby of an unknown upstream, and no primary is in sight${silent(view)}`,
    };
  }
  return {
    do: "start-standby",
    upstream,
    // the last upstream may be a copy from another time, which has no slot for this node as long as nobody makes one
    slot: false,
    because: `this node was a standby, and no primary is in sight${silent(view)}`,
  };
}

function names(peers: readonly { host: string }[]): string {
  return peers.map((p) => p.host).join(", ");
}

function silent(view: ClusterView): string {
  const said = view.peers.flatMap((p) => p.seen === "unreachable" && p.stranger ? [strangerText(p)] : []);
  const hosts = view.peers.filter((p) => p.seen === "unreachable" && !p.stranger).map((p) => p.host);
  if (hosts.length > 0) said.push(`no answer from ${hosts.join(", ")}`);
  return said.length > 0 ? ` (${said.join("; ")})` : "";
}
