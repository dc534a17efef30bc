// The files of an agent's secrets, which NAME_FILE variables name, read again and again: the contents count, since Kubernetes swaps
// links and editors replace files. What a variable does not accept is reported, and the value from before stays.
import { MalformedValue, type Variable } from "../../config/env.ts";
import { secretTexts } from "../../config/secret-texts.ts";
import type { SecretSeen } from "../protocol/secrets.ts";
import type { Trouble } from "../protocol/trouble.ts";
import { errorText } from "../words/errors.ts";
import type { Context } from "./context.ts";
import { badText } from "./decide/secret.ts";
import type { Log } from "./log.ts";

interface Watched {
  name: string;
  path: string;
  /** as it was taken last */
  text: string | null;
  /** its last two values, newest first: a child may still speak of the former one */
  recent: { text: string; secrets: readonly string[] }[];
  trouble: Trouble | null;
  take: (text: string) => void;
}

export class SecretFiles {
  private readonly watched: Watched[] = [];

  constructor(
    private readonly deps: {
      context: Pick<Context, "environment" | "readFile">;
      log: Log;
      /** what may be in use still, whatever its file has had since */
      inUse: () => readonly string[];
    },
  ) {}

  /** Watches the file of a variable, if it is given by one. `take` gets each value that the variable accepts, the present one too. */
  watch<T>(variable: Variable<T>, take: (value: T) => void): void {
    const path = this.deps.context.environment[`${variable.name}_FILE`];
    if (!path) return;
    const parsed = (text: string) => {
      const value = variable.parse(text, "file");
      this.hide(watched, text, secretTexts(value));
      take(value);
    };
    const watched: Watched = { name: variable.name, path, text: null, recent: [], trouble: null, take: parsed };
    this.watched.push(watched);
  }

  /** No value that counts, or has until lately, shows in the log. More would be more to look for in each line, for ever. */
  private hide(watched: Watched, text: string, secrets: readonly string[]): void {
    watched.recent = [{ text, secrets }, ...watched.recent.filter((r) => r.text !== text)].slice(0, 2);
    this.deps.log.hide?.([...this.watched.flatMap((w) => w.recent.flatMap((r) => r.secrets)), ...this.deps.inUse()]);
  }

  /** Reads all files. Never throws. */
  read(): void {
    for (const watched of this.watched) {
      try {
        const text = this.deps.context.readFile(watched.path).replace(/\r?\n$/, "");
        const bad = badText(text);
        if (bad !== null) throw new MalformedValue(bad);
        if (text !== watched.text) watched.take(text);
        watched.text = text;
        watched.trouble = null;
      } catch (error) {
        this.refuse(watched, error);
      }
    }
  }

  troubles(): Trouble[] {
    return this.watched.flatMap((w) => w.trouble ?? []);
  }

  /** What is said of the file of a variable, or of one entry of it. */
  of(variable: string): Pick<SecretSeen, "file" | "trouble"> {
    const watched = this.watched.find((w) => w.name === variable.split(" ")[0]);
    return { file: watched !== undefined, trouble: watched?.trouble?.because ?? null };
  }

  private refuse(watched: Watched, error: unknown): void {
    const { name, path } = watched;
    const code = (error as { code?: string }).code;
    const why = error instanceof MalformedValue ? error.message : `cannot be read (${code ?? errorText(error)})`;
    const because = `${name}_FILE names ${path}, which ${why}: the value from before stays in use`;
    const fix = "correct the file; it is read again every 2 s";
    if (watched.trouble?.because !== because) {
      this.deps.log.warn("The file of a secret is not taken", { variable: `${name}_FILE`, because, fix });
    }
    watched.trouble = { because, fix };
  }
}
