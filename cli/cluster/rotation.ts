// PURE: the next step of a rotation, from what every container says of its secrets. What is done already is seen, so that a command
// that was interrupted goes on where it was.
import { isMeant, newest, sameValue, type SecretSeen, type SecretsQuestion } from "../../core/protocol/secrets.ts";

export const rotations = ["replication", "superuser", "check", "users", "key"] as const;
export type Rotation = typeof rotations[number];

/** A secret, and the container that says so. */
export type Told = SecretSeen & { host: string };

export type Step =
  /** nothing can be done before an operator acts */
  | { do: "refuse"; what: string; fix: string }
  /** something outside has to happen */
  | { do: "wait"; what: string; fix: string }
  /** the primary stores the new password */
  | { do: "use" }
  /** these containers forget the former value, one after the other */
  | { do: "drop"; hosts: string[] }
  | { do: "done" };

/** Which secrets are meant, or why this cluster has none of that kind. */
export function meantBy(rotation: Rotation, all: readonly Told[], primary: string): SecretsQuestion | Step {
  const asked = (role: string | null, variable: string | null): SecretsQuestion => ({ do: "tell", role, variable });
  const of = (variable: string, host?: string) =>
    all.find((t) => t.variable === variable && (host === undefined || t.host === host));
  const replication = of("REPLICATION_PASSWORD", primary)?.role ?? null;
  const superuser = of("POSTGRES_PASSWORD", primary)?.role ?? null;
  const instead = (what: string, other: Rotation): Step => ({
    do: "refuse",
    what,
    fix: `type: postdock cluster rotate ${other}`,
  });
  switch (rotation) {
    case "replication":
      return asked(replication, "REPLICATION_PASSWORD");
    case "superuser":
      if (superuser === null) return noSuperuser(primary);
      return asked(superuser, null);
    case "key":
      if (!all.some((t) => t.variable === "CLUSTER_KEY")) {
        return instead("There is no CLUSTER_KEY: the key is derived from REPLICATION_PASSWORD", "replication");
      }
      return asked(null, "CLUSTER_KEY");
    case "check": {
      const check = of("CHECK_PASSWORD")?.role;
      if (check === undefined) return noPool;
      if (check === replication) return instead("CHECK_USER is REPLICATION_USER", "replication");
      if (check === superuser) return instead("CHECK_USER is POSTGRES_USER", "superuser");
      return asked(null, "CHECK_PASSWORD");
    }
    case "users":
      return all.some((t) => isMeant(t, asked(null, "DB_USERS"))) ? asked(null, "DB_USERS") : noPool;
  }
}

const noPool: Step = {
  do: "refuse",
  what: "No pgpool container with such users is in sight",
  fix: "type it in the pgpool container, or name its host after the command",
};

const noSuperuser = (primary: string): Step => ({
  do: "refuse",
  what: `${primary}, the primary, has no POSTGRES_PASSWORD, or POSTGRES_USER is REPLICATION_USER there`,
  fix:
    "give POSTGRES_USER and POSTGRES_PASSWORD_FILE to all nodes; if both are one role, type: postdock cluster rotate replication",
});

/** `told`: the secrets that are meant, from all containers. `primary`: its host. */
export function nextStep(rotation: Rotation, told: readonly Told[], primary: string): Step {
  const broken = told.find((t) => t.trouble !== null);
  if (broken) {
    return { do: "refuse", what: `${broken.host}: ${broken.trouble}`, fix: "correct that file, then type it again" };
  }
  for (const same of Map.groupBy(told, (t) => rotation === "users" || rotation === "check" ? t.role : "").values()) {
    const step = ofOne(same, primary);
    if (step !== null) return step;
  }
  const hosts = [...new Set(told.filter((t) => t.other !== null).map((t) => t.host))];
  // the primary last: as long as it knows both, a node that takes over finds its way
  if (hosts.length > 0) {
    return {
      do: "drop",
      hosts: hosts.toSorted((a, b) => Number(a === primary) - Number(b === primary)),
    };
  }
  return { do: "done" };
}

/** The next step for the holders of one value; null: all of them have it in use. */
function ofOne(same: readonly Told[], primary: string): Step | null {
  const first = same.find((t) => t.host === primary) ?? same[0]!;
  const target = newest(first);
  const stale = same.filter((t) => !sameValue(newest(t), target));
  const fixed = stale.find((t) => !t.file) ?? (first.file ? undefined : stale[0]);
  if (fixed) return fixedValue(fixed.file ? first : fixed);
  if (stale.length > 0) {
    const where = stale.map((t) => `${t.variable} on ${t.host}`).join(", ");
    return {
      do: "wait",
      what: `the value of ${where} is not that of ${first.variable} on ${first.host}`,
      fix: "put the new value into the file of every container, then type it again",
    };
  }
  if (first.host === primary && first.waits) return { do: "use" };
  const late = same.filter((t) => !sameValue(t.inUse, target) || (t.login !== "works" && t.login !== "none"));
  if (late.length === 0) return null;
  const where = late.map((t) => `${t.variable} on ${t.host} (login: ${t.login})`).join(", ");
  return {
    do: "wait",
    what: `the primary does not accept the new value of ${where} yet`,
    fix: first.host === primary
      ? "see `postdock cluster doctor`, then type it again"
      : `type \\password ${first.role} in psql on the primary, with the password of the file, then type it again`,
  };
}

const fixedValue = ({ variable, host }: Told): Step => ({
  do: "refuse",
  what: `${variable} of ${host} is a fixed variable, and other containers have another value`,
  fix:
    `give it as ${
      variable.split(" ")[0]
    }_FILE everywhere; or set the new value in all containers and make them again, the ` +
    "standbys first: a primary writes its own to the database when it starts",
});

/** What all containers have to know before anything changes, for people. */
export function stepText(step: Step, primary: string): string {
  if (step.do === "use") return `all containers know the new value: ${primary} stores it`;
  if (step.do === "drop") return `the new value works everywhere: ${step.hosts.join(", ")} forget the former one`;
  return step.do === "wait" ? `waiting: ${step.what}` : step.do;
}
