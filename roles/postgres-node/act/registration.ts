// Keeps repmgr's record of this node right, and repmgrd running while it is right.
import { errorText } from "../../../core/words/errors.ts";
import { decideRegistration, registrationGraceMs, registrationRetryMs } from "../decide/registration.ts";
import { reached, type Surroundings } from "../decide/view.ts";
import { type Node, ownOf } from "../node.ts";

export class Registration {
  /** since when the record has been wrong, the clock's milliseconds */
  private differsSince: number | null = null;
  /** a registration is under way: it waits for the standby, and the loop does not wait for it */
  private underWay = false;
  private triedAt = -Infinity;
  /** the record has been right once since the server started: from then on repmgr may be the one to change it */
  private wasRight = false;

  constructor(private readonly node: Node) {}

  /** Registers this node if its record is wrong, and starts repmgrd if it is right. */
  keep(surroundings: Surroundings): void {
    const { config, clock, repmgrd } = this.node;
    const own = ownOf(this.node);
    if (own.role !== "primary" && own.role !== "standby") return;
    if (this.underWay) return; // its record may be right already, but repmgrd is stopped at the end
    const upstream = reached(surroundings).find((p) => p.host === own.upstream?.host);
    const decision = decideRegistration({
      self: { nodeId: config.id, nodeName: config.name, host: config.host, priority: config.priority },
      role: own.role,
      registered: own.registered,
      upstreamNodeId: upstream?.nodeId ?? null,
    });
    if (decision.need === "none") {
      this.differsSince = null;
      this.wasRight = true;
      return repmgrd.start();
    }
    this.differsSince ??= clock.nowMs();
    const waitedMs = clock.nowMs() - this.differsSince;
    if (decision.need === "soon" && this.wasRight && waitedMs < registrationGraceMs) return repmgrd.start();
    if (clock.nowMs() - this.triedAt < registrationRetryMs) return;
    if (own.role === "primary") return this.register("primary", null, decision.because);
    if (upstream && own.upstream?.streaming) this.register("standby", upstream.nodeId, decision.because);
  }

  private register(role: "primary" | "standby", upstreamNodeId: number | null, because: string): void {
    const { clock, doors: { repmgr }, log, repmgrd } = this.node;
    log.info("Registering with repmgr", { role, because });
    this.underWay = true;
    const registered = upstreamNodeId === null ? repmgr.registerPrimary() : repmgr.registerStandby(upstreamNodeId);
    registered.then((ok) => ok ? repmgrd.stop() : undefined) // repmgrd reads its own record only when it starts
      .catch((error) => log.warn("Registering with repmgr failed", { why: errorText(error) }))
      .finally(() => {
        this.underWay = false;
        this.triedAt = clock.nowMs();
      });
  }
}
