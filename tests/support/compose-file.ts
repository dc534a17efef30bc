// PURE: a Compose file as data, so that a test changes a value of it and not a line of text.
import { parse, stringify } from "yaml";

export interface ComposeService {
  image?: string;
  environment?: Record<string, string | number>;
  volumes?: string[];
  ports?: string[];
  networks?: string[] | Record<string, { aliases: string[] }>;
  healthcheck?: Record<string, unknown>;
  [more: string]: unknown;
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks?: Record<string, unknown>;
  volumes?: Record<string, unknown>;
}

/** Changes the file in place; it is a fresh one each time. */
export type Edit = (file: ComposeFile) => void;

/** A Compose file with every anchor and every `<<` resolved, so that two services share nothing. */
export function parseCompose(text: string): ComposeFile {
  const file = JSON.parse(JSON.stringify(parse(text, { merge: true }))) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith("x-"))) as unknown as ComposeFile;
}

/** Text in quotes: Compose 1 reads a bare word such as `on`, or digits with colons, as something else. */
export function renderCompose(file: ComposeFile): string {
  return stringify(file, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 });
}

/** A service of the file. Throws if there is none: an edit that finds nothing would change nothing. */
export function serviceOf(file: ComposeFile, name: string): ComposeService {
  const service = file.services[name];
  if (service === undefined) throw new Error(`The Compose file has no service ${name}`);
  return service;
}

/** Sets variables of a service; null removes one. Throws if the service, or the variable to remove, does not exist. */
export function setEnvironment(
  file: ComposeFile,
  name: string,
  changes: Readonly<Record<string, string | number | null>>,
): void {
  const environment = serviceOf(file, name).environment ??= {};
  for (const [variable, value] of Object.entries(changes)) {
    if (value !== null) environment[variable] = value;
    else if (!(variable in environment)) throw new Error(`${name} has no ${variable} to take out`);
    else delete environment[variable];
  }
}

/** Mounts something in a service, before its other volumes. */
export function mount(file: ComposeFile, name: string, ...volumes: readonly string[]): void {
  const service = serviceOf(file, name);
  service.volumes = [...volumes, ...(service.volumes ?? [])];
}

/** Names of the services that keep a cluster's data, those with a NODE_NAME. */
export const nodesOf = (file: ComposeFile): string[] =>
  Object.keys(file.services).filter((name) => file.services[name]!.environment?.NODE_NAME !== undefined);

/** All of these, one after the other; what is null changes nothing. */
export const allOf = (...edits: readonly (Edit | null)[]): Edit => (file) => edits.forEach((edit) => edit?.(file));
