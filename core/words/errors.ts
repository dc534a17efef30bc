// The errors that operators read, and the exit codes.
// Bugs stay plain `Error`s with a stack; an OperatorError is for a person at three in the morning.

/** The exit codes of every command and entrypoint; 0 and 1 are what HEALTHCHECK and the scripts of 1.x expect. */
export const ExitCode = {
  ok: 0,
  no: 1,
  usage: 64,
  unavailable: 69,
  bug: 70,
  late: 75,
  refused: 77,
  config: 78,
} as const;

/** What each exit code means, for docs/commands.md. */
export const exitCodeMeanings: Readonly<Record<keyof typeof ExitCode, string>> = {
  ok: "yes, done",
  no: "no: a probe that fails, a question answered with no",
  usage: "the command line is wrong",
  unavailable: "a needed node could not be reached in time",
  bug: "a bug in PostDock",
  late: "what was waited for did not come in the time given for it",
  refused: "refused, because continuing could lose data or make a second primary",
  config: "the environment, a file or a mount is wrong",
};

export type ExitCodeValue = typeof ExitCode[keyof typeof ExitCode];

/** What happened, why, and what to type. */
export interface OperatorProblem {
  /** what happened, naming the thing */
  what: string;
  /** the reason, if it is known */
  why?: string;
  /** what the operator can do about it */
  fix: string;
  exitCode?: number;
  cause?: unknown;
}

/** An error meant for the operator: its message has what happened, why, and the fix. */
export class OperatorError extends Error {
  readonly what: string;
  readonly why: string | undefined;
  readonly fix: string;
  readonly exitCode: number;

  constructor(problem: OperatorProblem) {
    const why = problem.why ? `: ${problem.why}` : "";
    super(`${problem.what}${why}. Fix: ${problem.fix}`, problem.cause === undefined ? {} : { cause: problem.cause });
    this.name = "OperatorError";
    this.what = problem.what;
    this.why = problem.why;
    this.fix = problem.fix;
    this.exitCode = problem.exitCode ?? ExitCode.unavailable;
  }
}

/** An error with which a role ends at once: nothing is stopped or released in order, since it may not be its own any more. */
export class EndsAtOnce extends OperatorError {
  override name = "EndsAtOnce";
}

/** The message of anything that was thrown, without a stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Closes a switch over a tagged union: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
