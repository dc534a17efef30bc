// Looks at the settings of the running server: takes back what ALTER SYSTEM may not set, and names what else is wrong,
// also that the agent would not be let in after the next start.
import { Pace } from "../../../core/runtime/time.ts";
import { findSettingTroubles, type RaisedSetting } from "../decide/settings.ts";
import { startsAgain } from "../decide/starts-again.ts";
import type { Surroundings } from "../decide/view.ts";
import { type Node, ownOf, say } from "../node.ts";
import { refusedHere } from "../observe/trouble.ts";
import type { ServerEnd } from "../run.ts";

/** How often they are looked at, milliseconds. */
const everyMs = 5_000;

export class Settings {
  private readonly pace: Pace;
  /** since when a setting that was raised could come down, the clock's milliseconds */
  private lowerSince: number | null = null;

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, everyMs, "now");
    node.condition.settingsHave([]); // what was said of an earlier server
    node.condition.factsAre(null);
  }

  /** Returns why a standby is started again: the primary has lowered a setting that was raised here. */
  async keep(surroundings: Surroundings): Promise<ServerEnd | null> {
    const { condition, config, doors, history, seen } = this.node;
    const role = seen.role();
    if ((role !== "primary" && role !== "standby") || !this.pace.due()) return null;
    const taken = await doors.data.correctSettings();
    for (const setting of taken) history.note("A setting was taken back", { ...setting });
    if (taken.length > 0) await doors.server.reload();
    const raised = await doors.data.raised();
    const view = { config, role, raised, altered: await doors.data.altered(), seen: await doors.server.settings() };
    const refused = await doors.server.login().then(() => null, (error) => refusedHere(error, config));
    condition.settingsHave([...(refused ? [refused] : []), ...findSettingTroubles(view)]);
    condition.factsAre(view.seen.facts);
    return role === "standby" ? this.lower(raised, surroundings) : null;
  }

  private lower(raised: readonly RaisedSetting[], surroundings: Surroundings): ServerEnd | null {
    const { candidacy, clock, config, history } = this.node;
    this.lowerSince = raised.some((r) => !r.needed) ? this.lowerSince ?? clock.nowMs() : null;
    if (this.lowerSince === null || candidacy.current !== null) return null;
    const streaming = ownOf(this.node).upstream?.streaming === true;
    const own = { self: config.host, streaming, sinceMs: clock.nowMs() - this.lowerSince };
    const because = startsAgain(raised, own, surroundings);
    if (because === null) return null;
    history.note("Starting again", { because });
    say(this.node, "stopping", "stopping to start again", because);
    return { why: "start-again", because };
  }
}
