// The secrets of an agent while it runs. Of each password the value is in use that the primary accepts: the one from before, or
// that of its file. So a change needs no restart, and containers whose files change at different times go on meanwhile.
import { type KeyRing, keysBeside } from "../protocol/signing.ts";
import type { Trouble } from "../protocol/trouble.ts";
import type { Context } from "./context.ts";
import { loginsAtOnce, onlyKnown, type Tried, whenDropped, whenGiven, whenUsed, whySwap } from "./decide/secret.ts";
import { formerKey, passwordTroubles } from "./decide/secret-troubles.ts";
import type { Log } from "./log.ts";
import { inParallelAll } from "./parallel.ts";
import type { Password } from "./password.ts";
import { SecretFiles } from "./secret-files.ts";
import { every, Pace } from "./time.ts";
import { Tries } from "./tries.ts";

/** How often files are read, and logins tried while two values are known; milliseconds. */
const everyMs = 2_000;
/** A former password, which works no more, is forgotten after this, milliseconds. */
const formerMs = 15 * 60_000;
/** How often it is looked whether a password is that of the database, milliseconds. */
const comparedMs = 30_000;

export interface SecretsDeps {
  context: Pick<Context, "environment" | "readFile" | "clock">;
  log: Log;
  stop: AbortSignal;
  ring: KeyRing;
  /** the server asks for no password, so that nothing shows which value it has */
  trusting: boolean;
  /** it is looked now and then whether the primary accepts what is in use */
  compares: boolean;
  /** tries a password of a role on the primary in sight */
  login: (role: string, password: string) => Promise<Tried>;
}

export class Secrets {
  readonly files: SecretFiles;
  readonly tries: Tries;
  private readonly pace: Pace | null;
  private all: Password[] = [];
  private deriving: Promise<void> = Promise.resolve();
  private applying: Promise<void> = Promise.resolve();
  private source: { variable: string; keys: readonly string[]; value: string } | null = null;

  constructor(private readonly deps: SecretsDeps) {
    const known = () => this.all.flatMap(({ known: { inUse, other } }) => other === null ? [inUse] : [inUse, other]);
    this.files = new SecretFiles({ ...deps, inUse: () => [...known(), ...this.keys] });
    this.tries = new Tries({ clock: deps.context.clock, login: deps.login });
    this.pace = deps.compares ? new Pace(deps.context.clock, comparedMs, "now") : null;
  }

  get passwords(): readonly Password[] {
    return this.all;
  }

  get keys(): string[] {
    return this.deps.ring.keys;
  }

  /** CLUSTER_KEY, or the password that the keys are derived from. */
  get keySource(): { variable: string; value: string } | null {
    return this.source;
  }

  /** The keys of before, which are accepted still. */
  get formerKeys(): string[] {
    return this.source === null ? [] : this.keys.filter((k) => !this.source?.keys.includes(k));
  }

  /** Adds a password with the value in use. */
  add(variable: string, role: string, value: string, apply: Password["apply"], fileCounts = false): Password {
    const asked = { variable, role, apply, fileCounts };
    const password = { ...asked, known: onlyKnown(value), swappedMs: 0, unapplied: false, tried: null, refused: false };
    this.all.push(password);
    return password;
  }

  remove(gone: Password): void {
    this.all = this.all.filter((p) => p !== gone);
  }

  /** The file of a password has this value now. It is in use once the primary accepts it. */
  given(password: Password, value: string): void {
    const before = password.known;
    password.known = whenGiven(before, value);
    const { other, waits } = password.known;
    if (waits && other !== before.other) this.sayGiven(password.variable);
  }

  /** What the control keys come from now, and the keys. The first of them signs; former ones are accepted until they are dropped. */
  keysAre(variable: string, value: string, keys: readonly string[]): void {
    if (this.source?.value === value) return;
    if (this.source !== null && variable === "CLUSTER_KEY") this.sayGiven(variable);
    if (this.source?.keys[0] !== undefined) this.deps.ring.formerSigners.unshift(this.source.keys[0]);
    this.source = { variable, keys, value };
    this.keys.splice(0, this.keys.length, ...new Set([...keys, ...this.keys]));
  }

  /** The password that the keys are derived from is this now; they follow within a second. */
  derived(password: string): void {
    if (this.source?.value === password) return;
    const variable = this.source?.variable ?? "";
    this.deriving = this.deriving.then(async () => this.keysAre(variable, password, await keysBeside(password)));
  }

  /** Reads the files now, and waits for what follows of itself. */
  async read(): Promise<void> {
    this.files.read();
    await this.deriving;
  }

  dropFormerKeys(): void {
    if (this.source === null) return;
    this.keys.splice(0, this.keys.length, ...this.source.keys);
    this.deps.ring.formerSigners.length = 0;
  }

  /** Reads the files and follows the primary until the agent stops. */
  async keep(): Promise<void> {
    const { context: { clock }, log, stop } = this.deps;
    const onError = (error: unknown) => log.warn("A duty failed; it is tried again", { error });
    await every(everyMs, () => this.step(), { clock, signal: stop, onError });
  }

  /** One round of that. What fails of one password keeps no other from being followed, and is thrown then. */
  async step(): Promise<void> {
    await this.read();
    const due = this.pace?.due() === true;
    await inParallelAll(loginsAtOnce, this.all, (p) => this.follow(p).finally(() => due ? this.compare(p) : null));
  }

  /** The primary accepts this value: it is in use from now on. Nothing is done if it is already. */
  async use(value: string, password: Password, because: string): Promise<void> {
    if (value === password.known.inUse) return;
    password.known = whenUsed(password.known, value);
    password.swappedMs = this.deps.context.clock.nowMs();
    password.unapplied = true;
    const { variable, role } = password;
    this.deps.log.info("Another value of a secret is in use", { variable, role, because });
    await this.apply(password);
  }

  /** The passwords of a role that are known here and not in use. */
  othersOf(role: string): string[] {
    return this.all.flatMap((p) => p.role === role && p.known.other !== null ? [p.known.other] : []);
  }

  /** What is wrong with the files, and what waits for an operator. */
  troubles(): Trouble[] {
    const former = this.formerKeys.length > 0 && this.source?.variable === "CLUSTER_KEY";
    return [...this.files.troubles(), ...this.all.flatMap(passwordTroubles), ...former ? [formerKey] : []];
  }

  private async follow(password: Password): Promise<void> {
    if (password.unapplied) await this.apply(password);
    const { known, role, fileCounts } = password;
    const login = (value: string) => this.deps.login(role, value);
    const why = await whySwap(known, { login, fileCounts, trusting: this.deps.trusting });
    const { other } = known;
    // an order may have had it used meanwhile, or the file may have changed
    if (why !== null && other !== null && password.known === known) await this.use(other, password, why);
    const agoMs = this.deps.context.clock.nowMs() - password.swappedMs;
    if (agoMs > formerMs) password.known = whenDropped(password.known);
  }

  private async compare(password: Password): Promise<void> {
    const { known } = password;
    const refused = known.other === null && await this.tries.one(password) === "refused";
    password.refused = refused && password.known === known;
  }

  /** One at a time: of two writes of a file the former must not end last. */
  private async apply(password: Password): Promise<void> {
    const applied = this.applying.then(async () => {
      const { unapplied, known: { inUse } } = password;
      if (unapplied) await password.apply(inUse);
      if (password.known.inUse === inUse) password.unapplied = false;
    });
    this.applying = applied.catch(() => {}); // thrown below
    await applied;
  }

  private sayGiven(variable: string): void {
    this.deps.log.info("A secret has another value in its file", { variable });
  }
}
