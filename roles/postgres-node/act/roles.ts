// Compares the roles that PostDock needs with those that the server has, at its start and while it runs.
import { Pace } from "../../../core/runtime/time.ts";
import { decideRoleChanges, findRoleTroubles } from "../decide/roles.ts";
import type { Surroundings } from "../decide/view.ts";
import { licenseOf, type Node } from "../node.ts";

/** How often roles are looked at, milliseconds. */
const everyMs = 10_000;

export class Roles {
  private readonly pace: Pace;

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, everyMs, "now");
  }

  /** The primary sets right what differs from its variables; what it cannot set, and what differs on a standby, is named. */
  async keep({ primary }: Surroundings): Promise<void> {
    const { condition, config, doors, history, memory, seen } = this.node;
    const role = seen.role();
    if (role !== "primary" && role !== "standby") return;
    if (!this.pace.due()) return;
    const { host: self, replicationUser, replicationRole, postgresUser } = config;
    const view = {
      self,
      primary: primary?.host ?? null,
      replicationUser,
      replicationRole,
      postgresUser,
      seen: await doors.server.roles(),
    };
    condition.rolesHave(findRoleTroubles(view, role));
    if (role !== "primary" || licenseOf(this.node) === "missing" || memory.now.restore !== null) return;
    for (const change of decideRoleChanges(view)) {
      await doors.server.setRole(change);
      history.note("A role was set right", { role: change.name, because: change.because });
    }
  }
}
