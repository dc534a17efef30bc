// What a rotation waits for at the standbys: they know the new password once they have replayed its change.
import { compareLsn } from "../../core/postgres/lsn.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { gatherSigned, type Session } from "./gather.ts";
import type { Step } from "./rotation.ts";

type Waits = Extract<Step, { do: "wait" }>;
type Replays = { host: string; status: Pick<NodeStatus, "postgres"> };

/**
 * Before a password is stored, and before the former one is forgotten: what still waits, as a standby that has not replayed the
 * change lets in with the former password only. null: nothing does. `lsn`: the primary's, from a second before; `nodes`: those that
 * have to have it.
 */
export function unreplayed(seen: readonly Replays[], { lsn, primary, nodes }: {
  lsn: string | null;
  primary: string;
  nodes: readonly string[];
}): Waits | null {
  const late = nodes.filter((host) => host !== primary).flatMap((host) => {
    const postgres = seen.find((n) => n.host === host)?.status.postgres;
    if (postgres?.replayPaused) return [`the replay of ${host} is paused`];
    const has = postgres?.replayLsn ?? null;
    if (has !== null && lsn !== null && compareLsn(has, lsn) >= 0) return [];
    return [
      has === null ? `${host} replays nothing now` : `${host} has not replayed what ${primary} had a second ago`,
    ];
  });
  if (late.length === 0) return null;
  return {
    do: "wait",
    what: `${late.join("; ")}; a standby accepts a new password once it has replayed it`,
    fix: "see `postdock cluster doctor`; once all standbys replay within a second, type it again",
  };
}

/** How far the standbys have replayed, from one look of a rotation to the next. */
export class Replay {
  private mark: { before: Step["do"]; lsn: string | null } | null = null;

  constructor(
    private readonly session: Session,
    private readonly primary: string,
    private readonly nodes: readonly string[],
  ) {}

  /** What has to be replayed before this step, at this moment; null: nothing. */
  async waitsFor(before: "use" | "drop"): Promise<Waits | null> {
    const { nodes, primary } = await gatherSigned(this.session, true);
    const lsn = primary?.status.postgres.lsn ?? null;
    if (this.mark?.before !== before || this.mark.lsn === null) this.mark = { before, lsn };
    const waits = unreplayed(nodes, { lsn: this.mark.lsn, primary: this.primary, nodes: this.nodes });
    if (before === "use") this.mark = { before, lsn }; // all that the primary had at the last look, which is a second ago
    return waits;
  }
}
