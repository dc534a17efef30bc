// PURE: whether a standby is started again to get rid of a setting that was raised for a primary that has lowered it since
// (text/raised-settings.ts).
import type { RaisedSetting } from "./settings.ts";
import { reached, type Surroundings } from "./view.ts";

/** How long a standby waits for each of those before it, milliseconds: they are not away at once. */
const turnMs = 5_000;

/**
 * Why a standby is started again, so that a setting which the primary has lowered comes down here too; null: not now. While
 * anything else is amiss in the cluster it stays. `sinceMs`: for how long it could be.
 */
export function startsAgain(
  raised: readonly RaisedSetting[],
  { self, streaming, sinceMs }: { self: string; streaming: boolean; sinceMs: number },
  { peers, primary }: Pick<Surroundings, "peers" | "primary">,
): string | null {
  const over = raised.filter((r) => !r.needed);
  const others = reached({ peers });
  const sound = streaming && primary !== null && others.length === peers.length &&
    others.every((p) => p.role === "primary" || p.streaming);
  if (over.length === 0 || !sound) return null;
  const before = others.filter((p) => p.role === "standby" && p.host < self).length;
  if (sinceMs < before * turnMs) return null;
  return `${over.map((r) => r.name).join(", ")} was raised to what the primary had, and the primary has lowered it`;
}
