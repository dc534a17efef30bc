// Gives every container of a chaos run its own wall clock: clock.c, compiled here and loaded into each of its processes, adds the
// offset in a file of the host. All containers share the machine's clock, which must not be stepped.
import { constants } from "node:fs";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../../core/words/errors.ts";
import { execute, root, say } from "../../../tools/terminal.ts";
import { prefix, services } from "../cluster.ts";
import { type Edit, mount } from "../compose-file.ts";

const directory = join(root, "dist", "clocks", prefix);
const library = join(directory, "clock.so");
const preload = join(directory, "ld.so.preload");

/** Makes the clocks, all without an offset. False if this machine cannot (no gcc): then no clock is stepped. */
export async function makeClocks(): Promise<boolean> {
  try {
    for (const service of services) {
      await mkdir(join(directory, service), { recursive: true });
      await stepClock(service, 0);
    }
    const flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"];
    await execute(["gcc", ...flags, "-o", library, join(root, "tests", "support", "faults", "clock.c")], {
      timeoutMs: 60_000,
    });
    await writeFile(preload, "/usr/local/lib/chaos-clock.so\n");
    return true;
  } catch (error) {
    say(`no clocks of their own for the containers, so no steps: ${errorText(error)}`);
    return false;
  }
}

/** Sets a service's clock this many seconds ahead of the machine's. The file is written in place: the container has it mapped. */
export async function stepClock(service: string, seconds: number): Promise<void> {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigInt64(0, BigInt(seconds), true);
  const file = await open(join(directory, service, "ahead"), constants.O_CREAT | constants.O_WRONLY);
  try {
    await file.write(new Uint8Array(bytes.buffer), 0, 8, 0);
  } finally {
    await file.close();
  }
}

/** These clocks in every service. */
export const withClocks: Edit = (file) => {
  for (const service of services) {
    const own = `${join(directory, service)}:/run/clock:ro`;
    mount(file, service, `${library}:/usr/local/lib/chaos-clock.so:ro`, `${preload}:/etc/ld.so.preload:ro`, own);
  }
};
