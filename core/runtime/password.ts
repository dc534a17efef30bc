// What an agent holds of a password of a database role.
import type { Known, Tried } from "./decide/secret.ts";

/** A password of a database role. */
export interface Password {
  /** the variable, or one entry of it: its name in brackets */
  readonly variable: string;
  readonly role: string;
  /** puts the value in use into the configuration and the files; done again if it throws */
  readonly apply: (value: string) => Promise<void>;
  /** what its file has is taken where the server bars the role, so that nothing shows which value it has */
  readonly fileCounts: boolean;
  known: Known;
  swappedMs: number;
  unapplied: boolean;
  /** the last login with a value that was in use then */
  tried: { value: string; came: Tried; atMs: number } | null;
  /** the primary has refused the one in use, and no other is known */
  refused: boolean;
}
