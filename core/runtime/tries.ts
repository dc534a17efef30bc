// Logins with the passwords in use, when somebody asks about them: a pgpool may have hundreds of users.
import { loginsAtOnce, type Tried } from "./decide/secret.ts";
import { inParallel } from "./parallel.ts";
import type { Password } from "./password.ts";
import type { Clock } from "./time.ts";

/** How long is tried for one question, milliseconds; who asks waits for 10 s. */
const mostMs = 5_000;
/** How long it counts what a login has come to, milliseconds. */
const countsMs = 60_000;

export class Tries {
  constructor(
    private readonly deps: { clock: Clock; login: (role: string, password: string) => Promise<Tried> },
  ) {}

  /**
   * Tries as many as there is time for: those first of which another value is known, and then those whose last try is the longest
   * ago. So all have their turn when it is asked again. Returns what the last try of each came to.
   */
  async all(passwords: readonly Password[]): Promise<(password: Password) => Tried> {
    const { clock } = this.deps;
    const end = clock.nowMs() + mostMs;
    const isSame = ({ known }: Password) => Number(known.other === null);
    const triedMs = ({ tried }: Password) => tried?.atMs ?? -Infinity;
    const inTurn = passwords.toSorted((a, b) => isSame(a) - isSame(b) || (triedMs(a) < triedMs(b) ? -1 : 1));
    await inParallel(loginsAtOnce, inTurn, async (password) => {
      if (clock.nowMs() < end) await this.one(password);
    });
    const since = clock.nowMs() - countsMs;
    return ({ known, tried }) => tried?.value === known.inUse && tried.atMs >= since ? tried.came : "unknown";
  }

  /** Never throws, if a login does not. */
  async one(password: Password): Promise<Tried> {
    const { role, known: { inUse: value } } = password;
    const came = await this.deps.login(role, value);
    password.tried = { value, came, atMs: this.deps.clock.nowMs() };
    return came;
  }
}
