// PURE: what a container says of its secrets, so that `cluster rotate` sees which of them differ, without any of them being shown.
import { createHmac } from "node:crypto";
import { z } from "zod";

/** Of one value: a keyed hash by each key of the cluster that the container knows. It tells nothing without such a key. */
const prints = z.array(z.string().max(64));

export const SecretSchema = z.object({
  variable: z.string().max(300).meta({ description: "the variable, or one entry of it" }),
  role: z.string().max(300).meta({ description: "the database role that it is the password of; empty: of none" }),
  file: z.boolean().meta({ description: "the value comes from a file, which is watched" }),
  inUse: prints,
  other: prints.nullable().meta({ description: "another value that it knows: the next, or the former; null: none" }),
  waits: z.boolean().meta({ description: "the other value is what its file has now" }),
  trouble: z.string().nullable().meta({ description: "why its file cannot be taken; null: it can" }),
  login: z.enum(["works", "refused", "unknown", "none"]).meta({
    description:
      "a login to the primary with the value in use, just now; none: there is nothing to log in with, or the role may not log in from there",
  }),
});
export type SecretSeen = z.infer<typeof SecretSchema>;

export const SecretsQuestionSchema = z.object({
  /** tell: changes nothing; use: the primary stores the waiting value; drop: the former value is forgotten */
  do: z.enum(["tell", "use", "drop"]),
  /** which are meant: those of a role, and those of a variable; all of them if both are null, and then no login is tried */
  role: z.string().max(300).nullable(),
  variable: z.string().max(300).nullable(),
});
export type SecretsQuestion = z.infer<typeof SecretsQuestionSchema>;

/** Whether a question means this secret. An entry of a variable is called as the variable, with its name in brackets. */
export function isMeant({ role, variable }: Pick<SecretSeen, "role" | "variable">, asked: SecretsQuestion): boolean {
  if (asked.role === null && asked.variable === null) return true;
  return (asked.role !== null && asked.role === role) || variable.split(" ")[0] === asked.variable;
}

/** The fingerprints of a value, one by each key. */
export function printsOf(keys: readonly string[], value: string): string[] {
  return keys.map((key) => createHmac("sha256", key).update(`secret print\n${value}`).digest("hex").slice(0, 32));
}

/** Whether two values are the same, as far as their fingerprints by a common key show it. */
export function sameValue(a: readonly string[], b: readonly string[]): boolean {
  return a.some((print) => b.includes(print));
}

/** The fingerprints of the value that a container's file or variable has now. */
export const newest = ({ inUse, other, waits }: SecretSeen): readonly string[] =>
  waits && other !== null ? other : inUse;
