// PURE: what the register says of an event: at which level it is logged, what it means, what to do, and its fields.

/** A level as it stands in a line of the log. */
export type EventLevel = "debug" | "info" | "warning" | "error";

export interface EventEntry<L extends EventLevel = EventLevel, F extends string = string> {
  /** one, or each at which it may be logged, with the graver one last */
  levels: readonly L[];
  /** one or two sentences */
  means: string;
  /** what an operator does; null: nothing */
  fix: string | null;
  /** names from fields.ts, one space between them */
  fields: F;
}

/** What happened as it should. */
export const info = <const F extends string = "">(means: string, fields = "" as F): EventEntry<"info", F> => ({
  levels: ["info"],
  means,
  fix: null,
  fields,
});

/** A look that found nothing, or what a program said; logged for LOG_LEVEL=DEBUG only. */
export const debug = <const F extends string = "">(means: string, fields = "" as F): EventEntry<"debug", F> => ({
  levels: ["debug"],
  means,
  fix: null,
  fields,
});

/** What should not have happened. PostDock goes on, or mends it by itself. */
export const warning = <const F extends string = "">(
  means: string,
  fix: string,
  fields = "" as F,
): EventEntry<"warning", F> => ({ levels: ["warning"], means, fix, fields });

/** A promise is broken, or will be unless somebody acts. */
export const error = <const F extends string = "">(
  means: string,
  fix: string,
  fields = "" as F,
): EventEntry<"error", F> => ({ levels: ["error"], means, fix, fields });

/** An event whose level depends on what happened. */
export const either = <const L extends EventLevel, const F extends string = "">(
  levels: readonly L[],
  means: string,
  fix: string | null,
  fields = "" as F,
): EventEntry<L, F> => ({ levels, means, fix, fields });

/** What to do about most warnings. */
export const nothing = "Nothing; PostDock goes on by itself.";
/** What to do where the line itself says it. */
export const asTold = "Do what the field `fix` says.";

/** The words of a text with one space between them, as a union. */
export type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest>
  : S extends "" ? never
  : S;
