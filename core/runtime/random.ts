// Chance that nobody can predict.
import { randomBytes } from "node:crypto";

/** A number in [0, 1) that cannot be predicted: it decides which of two claimants tries first. */
export function fraction(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32;
}
