// One environment variable, declared once: its public name, accepted form, default and documentation.
// readConfig() turns an environment into typed values, or into the full list of problems.
import { z } from "zod";
import { emptySecret } from "./secret-texts.ts";

/** Thrown by a variable's parser. The message completes a sentence whose subject is the value: "is not a whole number". */
export class MalformedValue extends Error {
  override name = "MalformedValue";
}

/** Where a text came from: the variable itself, or the file that its NAME_FILE twin names. */
export type Source = "environment" | "file";

export interface Variable<T> {
  name: string;
  /** turns the text into the value; throws MalformedValue */
  parse: (text: string, source: Source) => T;
  /** the value when unset or empty */
  fallback: T;
  /** the default as the reference prints it; derived from `fallback` if not given */
  defaultText: string;
  /** the accepted form, in words */
  accepts: string;
  doc: string;
  /** what differs from PostDock 1.x, in words */
  changed?: string;
  /** the value never appears in a log, an error or a table */
  secret: boolean;
  /** an empty value is a value of its own; otherwise it counts as unset */
  emptyCounts: boolean;
  /** the role does not start without it; `requiredExitCode` is set if 1.x had a fixed exit code for that */
  required: boolean;
  requiredExitCode?: number;
}

// deno-lint-ignore no-explicit-any -- a record of variables of any type; ConfigOf<> gives each its own
export type Variables = Record<string, Variable<any>>;
export type ConfigOf<V extends Variables> = { [K in keyof V]: V[K] extends Variable<infer T> ? T : never };

/** A problem with one variable, as an operator sees it. Never contains the value of a secret. */
export interface ConfigProblem {
  variable: string;
  message: string;
  fix: string;
  exitCode?: number;
}

export type ConfigResult<V extends Variables> =
  | { ok: true; config: ConfigOf<V>; warnings: string[]; given: ReadonlySet<string> }
  | { ok: false; problems: ConfigProblem[]; warnings: string[] };

interface Declaration<T> {
  doc: string;
  changed?: string;
  accepts: string;
  defaultText?: string;
  secret?: boolean;
  fallback: T;
  emptyCounts?: boolean;
  required?: boolean;
  requiredExitCode?: number;
}

/** Declares a variable from a parser of its text. */
export function env<T>(name: string, parse: (text: string, source: Source) => T, d: Declaration<T>): Variable<T> {
  const defaultText = d.fallback === null || d.fallback === undefined ? "" : String(d.fallback);
  return { name, parse, secret: false, emptyCounts: false, required: false, defaultText, ...d };
}

/** A parser from a zod schema over the text; the zod message becomes the problem. */
export function withSchema<T>(schema: z.ZodType<T, string>): (text: string) => T {
  return (text) => {
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    throw new MalformedValue(result.error.issues.map((issue) => issue.message).join("; "));
  };
}

/** A whole decimal number between two bounds, both included. */
export function integer(min: number, max: number): (text: string) => number {
  return withSchema(
    z.string().regex(/^-?\d{1,15}$/, "is not a whole number").transform(Number)
      .refine((n) => n >= min && n <= max, `is not between ${min} and ${max}`),
  );
}

/** 1/true/yes/on or 0/false/no/off, in any case. */
export const flag: (text: string) => boolean = withSchema(z.stringbool({ error: "is not a Boolean value" }));

/** One of a list of words, in any case; the value is the word as listed. */
export function oneOf<const W extends string>(words: readonly W[]): (text: string) => W {
  return (text) => {
    const word = words.find((w) => w.toLowerCase() === text.toLowerCase());
    if (word === undefined) throw new MalformedValue("is not one of the accepted words");
    return word;
  };
}

/** Text without control characters, as every name, host and password must be. */
export const plainText: (text: string) => string = withSchema(
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  z.string().regex(/^[^\u0000-\u001f\u007f]*$/, "contains a control character or a line break"),
);

/** A PostgreSQL identifier: 1 to 63 bytes, no control character. The caller quotes it. */
export const identifier: (text: string) => string = (text) => {
  plainText(text);
  if (new TextEncoder().encode(text).length > 63) throw new MalformedValue("is longer than 63 bytes");
  return text;
};

export interface ReadDeps {
  environment: Readonly<Record<string, string | undefined>>;
  /** reads the file named by NAME_FILE; throws if it cannot */
  readFile: (path: string) => string;
}

/** Reads every variable and reports all problems together. */
export function readConfig<V extends Variables>(variables: V, deps: ReadDeps): ConfigResult<V> {
  const problems: ConfigProblem[] = [];
  const named = new Set<string>();
  const entries = Object.entries(variables).map(([key, variable]) => {
    const given = readText(variable, deps, problems);
    if (given !== undefined) named.add(variable.name);
    return [key, parseOne(variable, given, problems)] as const;
  });
  if (problems.length > 0) return { ok: false, problems, warnings: [] };
  return { ok: true, config: Object.fromEntries(entries) as ConfigOf<V>, warnings: [], given: named };
}

type Given = { text: string; source: Source };

function readText(variable: Variable<unknown>, deps: ReadDeps, problems: ConfigProblem[]): Given | undefined {
  const kept = (text: string | undefined) => text === "" && !variable.emptyCounts ? undefined : text;
  const direct = kept(deps.environment[variable.name]);
  const fileVariable = `${variable.name}_FILE`;
  const path = deps.environment[fileVariable] || undefined;
  // an image sets some variables to their defaults, for users' own commands: such a value does not conflict with NAME_FILE
  if (direct !== undefined && path !== undefined && direct !== variable.defaultText) {
    problems.push({
      variable: variable.name,
      message: `${variable.name} and ${fileVariable} are both set`,
      fix: "set only one of them",
    });
    return undefined;
  }
  if (path === undefined) return direct === undefined ? undefined : { text: direct, source: "environment" };
  try {
    const text = kept(deps.readFile(path).replace(/\r?\n$/, ""));
    if (variable.secret && (text ?? "").trim() === "") return void problems.push(emptySecret(fileVariable, path));
    return text === undefined ? undefined : { text, source: "file" };
  } catch (error) {
    const code = (error as { code?: string }).code ?? "unknown error";
    problems.push({
      variable: fileVariable,
      message: `${fileVariable} names ${path}, which cannot be read (${code})`,
      fix: "mount a file readable by root at that path, or correct the path",
    });
    return undefined;
  }
}

/** Kubernetes sets NAME_PORT and the like for every Service NAME, so that a variable of ours may come from there. */
function fixOf(variable: Variable<unknown>, text: string): string {
  const accepts = `${variable.name} accepts ${variable.accepts}`;
  if (!/^(tcp|udp|sctp):\/\//.test(text)) return accepts;
  return `Kubernetes sets this for a Service of that name: put enableServiceLinks: false into the pod's spec; ${accepts}`;
}

function parseOne(variable: Variable<unknown>, given: Given | undefined, problems: ConfigProblem[]): unknown {
  if (given === undefined) {
    const reported = problems.some((p) => p.variable === variable.name || p.variable === `${variable.name}_FILE`);
    if (variable.required && !reported) {
      problems.push({
        variable: variable.name,
        message: `${variable.name} is not set`,
        fix: `set ${variable.name} (or ${variable.name}_FILE) to ${variable.accepts}`,
        ...(variable.requiredExitCode === undefined ? {} : { exitCode: variable.requiredExitCode }),
      });
    }
    return variable.fallback;
  }
  try {
    return variable.parse(given.text, given.source);
  } catch (error) {
    if (!(error instanceof MalformedValue)) throw error;
    const shown = variable.secret ? "the value (not shown)" : JSON.stringify(given.text);
    problems.push({
      variable: variable.name,
      message: `${variable.name}: ${shown} ${error.message}`,
      fix: fixOf(variable, given.text),
    });
    return variable.fallback;
  }
}
