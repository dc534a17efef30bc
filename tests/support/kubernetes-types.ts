// Whether objects have only fields that the API of Kubernetes has, of the right types, and all that it demands.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureKubernetesTypes } from "../../tools/kubernetes-clients.ts";
import type { Json, Kube } from "./kubernetes-objects.ts";

interface Field {
  type: string;
  required: boolean;
}
type Fields = ReadonlyMap<string, Field>;

/** Declaration files use another name where a field's is a word of the language: `_from`. */
const fieldLine = /^ {4}'_?([A-Za-z$][\w$]*)'(\?)?: (\{\s*\[key: string\]: [^;]+;\s*\}|[^\n;]+);$/gm;

/** The fields that a declaration file of a kind names. Pure. */
export function fieldsOf(declaration: string): Fields {
  return new Map(
    [...declaration.matchAll(fieldLine)].map((
      [, name, optional, type],
    ) => [name!, { type: type!, required: optional === undefined }]),
  );
}

let directory: Promise<string> | undefined;
const loaded = new Map<string, Promise<Fields>>();
const load = (directory: string, type: string): Promise<Fields> => {
  const known = loaded.get(type);
  if (known) return known;
  const fields = readFile(join(directory, `${type}.d.ts`), "utf8").then(fieldsOf);
  loaded.set(type, fields);
  return fields;
};

/** The kinds that are not Kubernetes' own, but of an operator. */
export const foreignKinds = ["monitoring.coreos.com/v1", "cert-manager.io/v1"];

/** What the API would refuse in an object, as `path: why`. */
export async function typeProblems(object: Kube): Promise<string[]> {
  if (foreignKinds.includes(object.apiVersion)) return [];
  directory ??= ensureKubernetesTypes(); // once, although many ask at the same time
  const version = object.apiVersion.split("/").at(-1)!;
  const type = version[0]!.toUpperCase() + version.slice(1) + object.kind;
  return await problemsOf(await directory, type, object, `${object.kind} ${object.metadata.name}`);
}

async function problemsOf(directory: string, type: string, value: Json, path: string): Promise<string[]> {
  const [, list] = /^Array<(.+)>$/.exec(type) ?? [];
  if (list) {
    if (!Array.isArray(value)) return [`${path}: is not a list`];
    return (await Promise.all(value.map((v: Json, i) => problemsOf(directory, list, v, `${path}[${i}]`)))).flat();
  }
  const [, entry] = /^\{\s*\[key: string\]: (.+?);?\s*\}$/.exec(type) ?? [];
  if (entry) {
    if (!isObject(value)) return [`${path}: is not an object`];
    const all = Object.entries(value).map(([key, v]) => problemsOf(directory, entry, v, `${path}.${key}`));
    return (await Promise.all(all)).flat();
  }
  switch (type) {
    case "string":
      return typeof value === "string" ? [] : [`${path}: ${JSON.stringify(value)} is not a string`];
    case "number":
      return typeof value === "number" ? [] : [`${path}: ${JSON.stringify(value)} is not a number`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path}: ${JSON.stringify(value)} is not a boolean`];
    case "IntOrString":
      return ["string", "number"].includes(typeof value) ? [] : [`${path}: is neither a number nor a name`];
    case "Date":
      return [];
    case "any":
      return [];
  }
  if (!isObject(value)) return [`${path}: is not an object (${type})`];
  const fields = await load(directory, type);
  const lacking = [...fields].filter(([name, f]) => f.required && value[name] === undefined);
  const found = Object.entries(value).map(([name, v]) => {
    const field = fields.get(name);
    return field ? problemsOf(directory, field.type, v, `${path}.${name}`) : [`${path}: has no field ${name}`];
  });
  return [...lacking.map(([name]) => `${path}: lacks ${name}`), ...(await Promise.all(found)).flat()];
}

const isObject = (value: Json): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
