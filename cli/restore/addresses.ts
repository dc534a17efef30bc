// How nodes find the container in which a restore is ordered.
import { networkInterfaces } from "node:os";

/** Where other containers reach this one; Docker's names of containers are not known inside. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter((a) => !a.internal && !a.address.startsWith("fe80:")).map((a) => a.address);
}
