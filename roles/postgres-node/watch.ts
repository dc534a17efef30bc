// What the watch of a running server remembers between two looks.
import type { Supervised } from "../../core/runtime/supervisor.ts";
import type { Surroundings } from "./observe/surroundings.ts";

/** What the watch remembers between two looks. */
export interface Watch {
  /** who else was there at the last look, or null before the first */
  surroundings: Surroundings | null;
  postgres: Supervised;
  notStreamingSince: number | null;
  noPrimarySince: number | null;
  registerSince: number | null;
  /** a registration is under way: it waits for the standby, and nothing waits for it */
  registering: boolean;
  registeredTryAt: number;
  /** the record has been right once since the server started: from then on repmgr may be the one to change it */
  wasRegistered: boolean;
  slotsLookedAt: number;
  lastRole: string;
  lastUpstreamId: number | null;
  /** the next look comes after this at the latest, milliseconds */
  retryMs: number | null;
}
