// What a container answers to `cluster rotate`: the state of its secrets, and the last step.
import { isMeant, printsOf, type SecretSeen, type SecretsQuestion } from "../protocol/secrets.ts";
import { orders } from "../protocol/orders.ts";
import { type Tried, whenDropped } from "../runtime/decide/secret.ts";
import type { Password } from "../runtime/password.ts";
import type { Secrets } from "../runtime/secrets.ts";
import { answering, ControlRefusal } from "./control.ts";

interface Doing {
  /** stores the waiting value of a password in the database; only a node can */
  use?: (password: Password) => Promise<void>;
  /** has what is connected all the time log in with the new password, before the former one is forgotten */
  reconnect?: (role: string) => Promise<void>;
}

/** The answer to the order `secrets`. */
export function secretsAnswer(secrets: Secrets, { use, reconnect }: Doing = {}) {
  return answering(orders.secrets, async (asked) => {
    await secrets.read(); // what is in the file at this moment
    const meant = secrets.passwords.filter((p) => isMeant(p, asked));
    const concerned = meant.filter(isConcerned(asked, secrets));
    const came = await secrets.tries.all(concerned);
    const login = (p: Password): SecretSeen["login"] => {
      if (came(p) !== "barred") return came(p) as Exclude<Tried, "barred">;
      return p.fileCounts ? "none" : "unknown"; // nothing shows which password the role has
    };
    if (asked.do === "drop") {
      const wrong = concerned.find((p) => !["works", "none"].includes(login(p)));
      await drop(asked, meant, { wrong, secrets, reconnect });
    }
    if (asked.do === "use") {
      if (use === undefined) throw new ControlRefusal("this container is not a node");
      for (const password of meant) if (password.known.waits) await use(password);
    }
    return { secrets: [...meant.map((p) => tell(p, login(p), secrets)), ...tellKey(asked, secrets)] };
  });
}

/** Which logins a question is about: of those that it means all, unless it asks only which there are, or what changes them. */
function isConcerned({ do: what, role, variable }: SecretsQuestion, { keySource }: Secrets) {
  const isDropped = (p: Password) => p.known.other !== null || p.variable === keySource?.variable;
  return (p: Password) => what === "drop" ? isDropped(p) : what === "tell" && (role !== null || variable !== null);
}

function tell(password: Password, login: SecretSeen["login"], secrets: Secrets): SecretSeen {
  const { variable, role, known: { inUse, other: value, waits } } = password;
  const { formerKeys, keySource } = secrets;
  // of a derived key the former one may be left after the former password is forgotten
  const other = value ?? (variable === keySource?.variable ? formerKeys[0] ?? null : null);
  return {
    ...secrets.files.of(variable),
    variable,
    role,
    inUse: printsOf(secrets.keys, inUse),
    other: other === null ? null : printsOf(secrets.keys, other),
    waits,
    login,
  };
}

/** The key, unless it is derived from a password that is listed already. */
function tellKey(asked: SecretsQuestion, { files, formerKeys, keys, keySource, passwords }: Secrets): SecretSeen[] {
  if (keySource === null || !isMeant({ role: "", variable: keySource.variable }, asked)) return [];
  if (passwords.some((p) => p.variable === keySource.variable)) return [];
  return [{
    ...files.of(keySource.variable),
    variable: keySource.variable,
    role: "",
    inUse: printsOf(keys, keySource.value),
    other: formerKeys.length === 0 ? null : printsOf(keys, formerKeys.join(" ")),
    waits: false,
    login: "none",
  }];
}

async function drop(
  asked: SecretsQuestion,
  meant: readonly Password[],
  { wrong, secrets, reconnect }: Pick<Doing, "reconnect"> & { wrong: Password | undefined; secrets: Secrets },
): Promise<void> {
  for (const { role, known } of meant) {
    if (known.waits) throw new ControlRefusal(`the password of ${role} in its file is not in use yet`);
  }
  if (wrong) throw new ControlRefusal(`a login as ${wrong.role} with the password in use does not work`);
  for (const password of meant) {
    if (password.known.other !== null) await reconnect?.(password.role);
    password.known = whenDropped(password.known);
  }
  const { keySource } = secrets;
  if (keySource !== null && isMeant({ role: "", variable: keySource.variable }, asked)) secrets.dropFormerKeys();
}
