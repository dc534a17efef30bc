// What is wrong on this node now: its server fails, it waits, it was fenced, or its consistency mode is not kept.
import type { NodeStatus } from "../../../core/protocol/status.ts";
import type { ServerFacts } from "../../../core/protocol/server-facts.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";

export class Condition {
  private failing: number | null = null;
  private cause: Trouble | null = null;
  private refusing = false;
  private waiting: number | null = null;
  private short = 0;
  private fenceReason: string | null = null;
  private degradation: string | null = null;
  private roleTroubles: readonly Trouble[] = [];
  private tlsSeen: NodeStatus["tls"] = null;
  private settingTroubles: readonly Trouble[] = [];
  private readonly duties = new Map<string, Trouble>();
  private serverFacts: ServerFacts | null = null;
  private broken: Trouble | null = null;
  private differences = "";

  /** `lacks`: what is wrong with the container itself, for as long as it runs */
  constructor(private readonly lacks: readonly Trouble[] = []) {}

  /** Since when the server, its preparation or its hand-over has failed, the clock's milliseconds; null if nothing fails. */
  get failingSince(): number | null {
    return this.failing;
  }

  /** Why it failed last, or what its running server lacks; null if nothing is wrong. */
  get trouble(): Trouble | null {
    return this.cause ?? this.broken;
  }

  /** The failing server runs, and refuses what its agent asks. */
  get refuses(): boolean {
    return this.refusing;
  }

  /** Since when this node has waited for other nodes, the clock's milliseconds; null if it does not. */
  get waitingSince(): number | null {
    return this.waiting;
  }

  /** Why PostgreSQL was fenced on this node; null once it answers again. */
  get fenced(): string | null {
    return this.fenceReason;
  }

  /** What the consistency mode promises and cannot keep at this moment, or null. */
  get degraded(): string | null {
    return this.degradation;
  }

  /** What is wrong with the roles of the server, as last seen. */
  get roles(): readonly Trouble[] {
    return this.roleTroubles;
  }

  /** TLS of the server, as last seen; null before that. */
  get tls(): NodeStatus["tls"] {
    return this.tlsSeen;
  }

  /** What is wrong with the settings of the server, as last seen, and of its container, and what its agent tries in vain. */
  get settings(): readonly Trouble[] {
    return [...this.lacks, ...this.settingTroubles, ...this.duties.values()];
  }

  /** What its running server says of itself; null: not seen yet. */
  get facts(): ServerFacts | null {
    return this.serverFacts;
  }

  /** For how long the server has failed, milliseconds. */
  failingMs(nowMs: number): number {
    return this.failing === null ? 0 : nowMs - this.failing;
  }

  /**
   * Another failure; the first one since the node last served counts. `refuses`: the server runs, and refuses its agent. True if
   * its cause is not that of the last one.
   */
  failed(nowMs: number, cause: Trouble | null = null, refuses = false): boolean {
    this.refusing = refuses;
    this.failing ??= nowMs;
    const news = cause !== null && cause.because !== this.cause?.because;
    this.cause = cause ?? this.cause;
    return news;
  }

  /** How often in a row the server has died soon after its start. */
  get shortLives(): number {
    return this.short;
  }

  /** A run of the server has ended; `short`: it died soon after its start. */
  lived(short: boolean): void {
    this.short = short ? this.short + 1 : 0;
  }

  /** It waits for other nodes, since then. */
  waits(sinceMs: number): void {
    this.waiting = sinceMs;
  }

  /** It waits no longer. */
  moves(): void {
    this.waiting = null;
  }

  /** The node serves, or its data was replaced: failures count anew. */
  recovered(): void {
    this.failing = this.cause = this.waiting = null;
    this.refusing = false;
  }

  fencedBecause(because: string): void {
    this.fenceReason = because;
  }

  /** The server answers again. */
  answers(): void {
    this.fenceReason = null;
  }

  rolesHave(troubles: readonly Trouble[]): void {
    this.roleTroubles = troubles;
  }

  tlsIs(seen: NodeStatus["tls"]): void {
    this.tlsSeen = seen;
  }

  settingsHave(troubles: readonly Trouble[]): void {
    this.settingTroubles = troubles;
  }

  /** What the agent does at each look fails; null: it does not. */
  dutyFails(name: string, trouble: Trouble | null): void {
    if (trouble === null) this.duties.delete(name);
    else this.duties.set(name, trouble);
  }

  factsAre(facts: ServerFacts | null): void {
    this.serverFacts = facts;
  }

  /** Its data are not whole; null: they are. */
  dataHave(trouble: Trouble | null): void {
    this.broken = trouble;
  }

  /** What differs between this container and the others. True if this is a change. */
  differs(text: string): boolean {
    const news = text !== this.differences;
    this.differences = text;
    return news;
  }

  /** True if this is a change. */
  degradedTo(because: string | null): boolean {
    if (because === this.degradation) return false;
    this.degradation = because;
    return true;
  }
}
