// repmgrd as this agent's child: it runs while repmgr's record of this node is right.
import type { RepmgrDoor } from "../doors.ts";

export class Repmgrd {
  private daemon: ReturnType<RepmgrDoor["startDaemon"]> | null = null;

  /** `connects`: the hosts that it connects to now */
  constructor(
    private readonly door: Pick<RepmgrDoor, "startDaemon">,
    private readonly connects: () => readonly string[],
  ) {}

  running(): boolean {
    return this.daemon?.running() ?? false;
  }

  /** Why its start is held back, or null. */
  held(): string | null {
    return this.daemon?.held() ?? null;
  }

  /** Starts repmgrd, unless it has been started. */
  start(): void {
    this.daemon ??= this.door.startDaemon(this.connects);
  }

  /** Resolves once repmgrd has ended. */
  async stop(): Promise<void> {
    const { daemon } = this;
    this.daemon = null;
    await daemon?.stop();
  }
}
