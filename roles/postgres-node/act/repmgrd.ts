// repmgrd as this agent's child: it runs while repmgr's record of this node is right.
import type { RepmgrDoor } from "../doors.ts";

export class Repmgrd {
  private daemon: ReturnType<RepmgrDoor["startDaemon"]> | null = null;

  constructor(private readonly door: Pick<RepmgrDoor, "startDaemon">) {}

  running(): boolean {
    return this.daemon?.running() ?? false;
  }

  /** Starts repmgrd, unless it has been started. */
  start(): void {
    this.daemon ??= this.door.startDaemon();
  }

  /** Resolves once repmgrd has ended. */
  async stop(): Promise<void> {
    const { daemon } = this;
    this.daemon = null;
    await daemon?.stop();
  }
}
