// What a container answers to `cluster rotate`: the state of its secrets, and the last step.
import { isMeant, printsOf, type SecretSeen, type SecretsQuestion } from "../protocol/secrets.ts";
import { orders } from "../protocol/orders.ts";
import { whenDropped } from "../runtime/decide/secret.ts";
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
    if (asked.do === "drop") await drop(asked, meant, { secrets, reconnect });
    if (asked.do === "use") {
      if (use === undefined) throw new ControlRefusal("this container is not a node");
      for (const password of meant) if (password.known.waits) await use(password);
    }
    return { secrets: [...await tell(meant, secrets), ...tellKey(asked, secrets)] };
  });
}

async function tell(meant: readonly Password[], secrets: Secrets): Promise<SecretSeen[]> {
  const seen: SecretSeen[] = [];
  const { formerKeys, keySource } = secrets;
  for (const password of meant) {
    const { variable, role, known: { inUse, other: value, waits } } = password;
    // of a derived key the former one may be left after the former password is forgotten
    const other = value ?? (variable === keySource?.variable ? formerKeys[0] ?? null : null);
    seen.push({
      ...secrets.files.of(variable),
      variable,
      role,
      inUse: printsOf(secrets.keys, inUse),
      other: other === null ? null : printsOf(secrets.keys, other),
      waits,
      login: await tryInUse(password, secrets),
    });
  }
  return seen;
}

/** "none": nothing shows which password the role has, and the file's counts. */
async function tryInUse({ role, known, fileCounts }: Password, secrets: Secrets): Promise<SecretSeen["login"]> {
  const tried = await secrets.login(role, known.inUse);
  return tried !== "barred" ? tried : fileCounts ? "none" : "unknown";
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
  { secrets, reconnect }: Pick<Doing, "reconnect"> & { secrets: Secrets },
): Promise<void> {
  for (const password of meant) {
    const { role, known } = password;
    if (known.waits) throw new ControlRefusal(`the password of ${role} in its file is not in use yet`);
    if (!["works", "none"].includes(await tryInUse(password, secrets))) {
      throw new ControlRefusal(`a login as ${role} with the password in use does not work`);
    }
  }
  for (const password of meant) {
    if (password.known.other !== null) await reconnect?.(password.role);
    password.known = whenDropped(password.known);
  }
  const { keySource } = secrets;
  if (keySource !== null && isMeant({ role: "", variable: keySource.variable }, asked)) secrets.dropFormerKeys();
}
