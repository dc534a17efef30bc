// The lock files of 1.x and one log line, each time the role or the upstream changes.
import { reached, type Surroundings } from "../decide/view.ts";
import { type Node, ownOf, say } from "../node.ts";

export class RoleChange {
  private logged = "";
  /** what the lock files say */
  private role = "";
  private upstreamNodeId: number | null = null;

  constructor(private readonly node: Node) {}

  async note(surroundings: Surroundings): Promise<void> {
    const { activity, config, doors, log } = this.node;
    const own = ownOf(this.node);
    const upstream = own.upstream?.host ?? null;
    const upstreamNodeId = reached(surroundings).find((p) => p.host === upstream)?.nodeId ?? null;
    if (own.role === this.role && upstreamNodeId === this.upstreamNodeId) return;
    if (own.role !== "primary" && own.role !== "standby") return;
    if (own.role !== this.logged) log.info("Role observed", { role: own.role, upstream, timeline: own.timeline });
    this.logged = own.role;
    if (activity.phase === "running") say(this.node, "running", `serving as ${own.role}`, activity.because);
    const configured = upstream === config.upstreamHost;
    await doors.data.writeLockFiles(
      own.role === "primary" ? { primary: true } : {
        primary: false,
        upstreamNodeId: configured ? null : upstreamNodeId,
      },
    );
    // only now: what could not be written is tried again
    this.role = own.role;
    this.upstreamNodeId = upstreamNodeId;
  }
}
