// The machines of the real Kubernetes, for its scenarios.
import { cutMachine } from "../../tools/kubernetes/machine.ts";
import type { NodePlace } from "../../tools/kubernetes/layout.ts";
import { places } from "../../tools/kubernetes.ts";

/** The machine of this name. */
export const placeOf = (machine: string): NodePlace => places.find((p) => p.name === machine)!;

/** Does something while a machine is cut off from all others, and lets it return, whatever comes of it. */
export async function whileCut(machine: string, work: () => Promise<unknown>): Promise<void> {
  await cutMachine(placeOf(machine), true);
  try {
    await work();
  } finally {
    await cutMachine(placeOf(machine), false);
  }
}
