// Keeps repmgr's record of this node right, and repmgrd running while it is right.
import { errorText } from "../../../core/words/errors.ts";
import { decideRegistration, registrationGraceMs, registrationRetryMs } from "../decide/registration.ts";
import { reached, type Surroundings } from "../decide/view.ts";
import { staleRecords } from "../decide/stale-records.ts";
import { licenseOf, type Node, ownOf } from "../node.ts";

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
    if (own.role === "primary" && this.forgets(surroundings)) return;
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

  /** Removes the records of nodes that have another id now. True while that is under way: what is registered comes after it. */
  private forgets({ peers }: Surroundings): boolean {
    const { config, doors: { repmgr }, history } = this.node;
    if (this.underWay || licenseOf(this.node) === "missing") return false;
    const { registered, systemIdentifier } = ownOf(this.node);
    const others = reached({ peers }).filter((p) => p.systemIdentifier === systemIdentifier);
    const self = { nodeId: config.id, name: config.name, host: config.host };
    const stale = staleRecords(registered, [self, ...others.map((p) => ({ ...p, host: p.ownHost }))]);
    if (stale.length === 0) return false;
    const records = stale.map(({ nodeId, nodeName, host }) => ({ nodeId, nodeName, host }));
    history.note("Removing records of nodes that have another id now", { records });
    this.run(repmgr.forget(stale.map((r) => r.nodeId)));
    return true;
  }

  private register(role: "primary" | "standby", upstreamNodeId: number | null, because: string): void {
    const { clock, doors: { repmgr }, log, repmgrd } = this.node;
    log.info("Registering with repmgr", { role, because });
    const registered = upstreamNodeId === null ? repmgr.registerPrimary() : repmgr.registerStandby(upstreamNodeId);
    // repmgrd reads its own record only when it starts
    this.run(registered.then((ok) => ok ? repmgrd.stop() : undefined), () => this.triedAt = clock.nowMs());
  }

  /** The loop does not wait for it. */
  private run(work: Promise<void>, then: () => void = () => {}): void {
    this.underWay = true;
    work.catch((error) => this.node.log.warn("Registering with repmgr failed", { why: errorText(error) }))
      .finally(() => {
        this.underWay = false;
        then();
      });
  }
}
