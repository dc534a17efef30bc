// The primary labels the pods of the nodes by their roles, so that services of Kubernetes lead to them. It works beside the loop:
// an API server that does not answer holds nothing up. The rules are in decide/role-label.ts.
import { errorText, OperatorError } from "../../../core/words/errors.ts";
import { changeFor, decideWish, roleLabel, servesReads, type Wish } from "../decide/role-label.ts";
import type { Surroundings } from "../decide/view.ts";
import { licenseOf, type Node, ownOf } from "../node.ts";

/** Pods are looked at so often, milliseconds: somebody else may have changed a label, or made a pod anew. */
const quietMs = 10_000;
/** So often while something changes, and how long after a change that is, milliseconds. */
const busyMs = 2_000;
const unsettledMs = 30_000;
/** The pause from one look to the next is never shorter, milliseconds. */
const shortestMs = 1_000;
/** After looks that failed it doubles, up to this, milliseconds. */
const longestRetryMs = 10_000;
/** How often a pod that changes at the same moment is read again in one look. */
const attempts = 3;

export class RoleLabel {
  /** since when this node has led without a break, the clock's milliseconds; null: it does not lead */
  private sinceMs: number | null = null;
  private readonly servedMs = new Map<string, number>();
  private wishes: ReadonlyMap<string, Wish> = new Map();
  private changedMs = -Infinity;
  private looking = false;
  /** when the last look began, the clock's milliseconds */
  private begunMs = -Infinity;
  private retryMs = 0;
  private trouble: OperatorError | null = null;

  constructor(private readonly node: Node) {}

  /** Starts a look at the pods if one is due, and does not wait for it. Throws what the last look failed with. */
  keep({ peers }: Surroundings): void {
    const { clock, config } = this.node;
    if (config.rolePods.length === 0 || !this.leads()) {
      this.sinceMs = this.trouble = null;
      this.servedMs.clear();
      this.wishes = new Map();
      return;
    }
    const nowMs = clock.nowMs();
    this.sinceMs ??= nowMs;
    const { systemIdentifier } = ownOf(this.node);
    for (const peer of peers) if (servesReads(peer, systemIdentifier)) this.servedMs.set(peer.host, nowMs);
    const { servedMs, sinceMs } = this;
    const seen = { self: config.host, systemIdentifier, peers, servedMs, sinceMs, nowMs };
    const wishes = new Map(config.rolePods.map(({ host }) => [host, decideWish(host, seen)]));
    const isNew = [...wishes].some(([host, wish]) => this.wishes.get(host) !== wish);
    this.wishes = wishes;
    if (isNew) this.changedMs = nowMs;
    if (!this.looking && nowMs >= this.begunMs + this.pauseMs()) void this.look();
    if (this.trouble !== null) throw this.trouble;
  }

  private leads(): boolean {
    return this.node.seen.role() === "primary" && licenseOf(this.node) !== "missing";
  }

  private pauseMs(): number {
    if (this.changedMs > this.begunMs) return shortestMs;
    if (this.retryMs > 0) return this.retryMs;
    return this.begunMs - this.changedMs < unsettledMs ? busyMs : quietMs;
  }

  /** One look at all pods. It never throws: keep() does. */
  private async look(): Promise<void> {
    const { clock, config, lease } = this.node;
    this.looking = true;
    this.begunMs = clock.nowMs();
    const term = lease.term();
    const came = await Promise.allSettled(config.rolePods.map(({ host, pod }) => this.setRight(host, pod, term)));
    const failed = came.find((c) => c.status === "rejected");
    this.looking = false;
    this.retryMs = failed === undefined ? 0 : Math.min(Math.max(2 * this.retryMs, shortestMs), longestRetryMs);
    if (failed === undefined) return void (this.trouble = null);
    const trouble = asTrouble(failed.reason);
    // one trouble is one line in the log, although its reason differs from look to look
    if (this.trouble?.what !== trouble.what) this.trouble = trouble;
  }

  /** Reads one pod, and changes its labels if they are wrong and this node still leads. */
  private async setRight(host: string, name: string, term: number): Promise<void> {
    const { doors, log, lease } = this.node;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const pod = await doors.pods.read(name);
      const wish = this.wishes.get(host);
      if (pod === null || wish === undefined) return;
      const change = changeFor(wish, pod.labels);
      if (change === null) return;
      // another node may lead by now, and has looked at this pod already
      if (!this.leads() || lease.term() !== term) return;
      if (await doors.pods.label(pod, change)) {
        log.info("Pod labelled", { pod: name, host, role: change[roleLabel] ?? "none" });
        return;
      }
    }
  }
}

const asTrouble = (error: unknown): OperatorError =>
  error instanceof OperatorError ? error : new OperatorError({
    what: "The pods could not be labelled",
    why: errorText(error),
    fix: "see the log of this node; it is tried again",
    cause: error,
  });
