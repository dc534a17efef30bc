// PURE: reads what a node says of itself, also that of another release. What decisions rest on has to be there and to be right:
// who it is, its role, data, epoch and end of WAL, its lease, and what its operators ordered. It is never guessed. What else is
// missing or has another form takes a default, and a word that is not known becomes "unknown".
import { AnyStatus, NodeStatus } from "./status.ts";

/** What may be missing or of another form, by its place, and what is read instead. */
const defaults: Readonly<Record<string, unknown>> = {
  schema: 1,
  postdock: "",
  phase: "unknown",
  doing: "",
  because: "",
  uptimeSeconds: 0,
  observedAgoMs: 0,
  variables: {},
  publishedPasswords: undefined,
  secrets: undefined,
  oldSettings: undefined,
  strangers: undefined,
  cluster: "",
  "postgres.data": "unknown",
  "postgres.running": null,
  "postgres.role": "unknown",
  "postgres.replayLsn": null,
  "postgres.lagBytes": null,
  "postgres.lagSeconds": null,
  "postgres.replayPaused": false,
  "postgres.upstream": null,
  "postgres.downstream": [],
  "postgres.registered": null,
  trouble: null,
  unhealthy: null,
  roles: [],
  tls: null,
  settings: [],
  server: null,
  reinit: null,
  fenced: null,
  "lease.mode": "unknown",
  "lease.because": "",
  "lease.remainingMs": 0,
  "lease.term": 0,
  "lease.grantedTo": null,
  "lease.voters": [],
  "lease.refusals": [],
  disk: null,
  consistency: { mode: "unknown", degraded: null },
  "restore.step": "waiting",
  "restore.doneBytes": 0,
  "restore.totalBytes": null,
  "restore.replayLsn": null,
  "restore.trouble": null,
  kept: null,
  repmgrd: { running: false, because: null },
};

export type Read<Status = NodeStatus> = { ok: true; status: Status } | { ok: false; why: string };

/** Reads a node's status. Never throws; `why`: what cannot be read, or that it is no node's. */
export function readStatus(said: unknown): Read {
  const first = NodeStatus.safeParse(said);
  if (first.success) return { ok: true, status: first.data };
  const places = first.error.issues.map((issue) => placeOf(issue.path));
  if (places.every((place) => place !== null)) {
    const mended = places.reduce((status: unknown, place) => withDefault(status, place.split("."), place), said);
    const again = NodeStatus.safeParse(mended);
    if (again.success) return { ok: true, status: again.data };
  }
  const issue = first.error.issues.find((i) => placeOf(i.path) === null) ?? first.error.issues[0]!;
  return { ok: false, why: whyText(issue) };
}

/** Reads the status of a container of any kind. Never throws. */
export function readAnyStatus(said: unknown): Read<AnyStatus> {
  const isNode = typeof said === "object" && said !== null && "component" in said && said.component === "postgres-node";
  if (isNode) return readStatus(said);
  const { data, error } = AnyStatus.safeParse(said);
  return data ? { ok: true, status: data } : { ok: false, why: whyText(error.issues[0]!) };
}

const whyText = ({ path, message }: { path: readonly PropertyKey[]; message: string }): string =>
  `${path.join(".") || "the answer"}: ${message}`;

/** The place in `defaults` that an issue belongs to; null: there is none. */
function placeOf(path: readonly PropertyKey[]): string | null {
  for (let length = path.length; length > 0; length--) {
    const place = path.slice(0, length).join(".");
    if (Object.hasOwn(defaults, place)) return place;
  }
  return null;
}

function withDefault(value: unknown, [key, ...rest]: readonly string[], place: string): unknown {
  if (key === undefined) return defaults[place];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return { ...value, [key]: withDefault((value as Record<string, unknown>)[key], rest, place) };
}
