// PURE: what is wrong with the configuration of the containers: known passwords, old settings, versions and numbers that do not fit.
import { type Finding, warning } from "./finding.ts";
import type { Cluster } from "./gather.ts";

export function configuration(cluster: Pick<Cluster, "members" | "nodes">): Finding[] {
  return [
    ...passwords(cluster),
    ...secrets(cluster),
    ...oldSettings(cluster),
    ...strangers(cluster),
    ...versions(cluster),
    ...connections(cluster),
  ];
}

/** What more than one container has is said once, with where it is. */
function shared(said: readonly { host: string; what: string }[]): { about: string; what: string; hosts: string }[] {
  return [...Map.groupBy(said, (s) => s.what)].map(([what, same]) => {
    const hosts = same.map((s) => s.host).join(", ");
    return { about: same.length === 1 ? hosts : "cluster", what, hosts };
  });
}

function answered({ members }: Pick<Cluster, "members">) {
  return members.flatMap((m) => "status" in m ? [m] : []);
}

function passwords(cluster: Pick<Cluster, "members">): Finding[] {
  const said = answered(cluster).flatMap(({ host, status }) =>
    (status.publishedPasswords ?? []).map((variable) => ({ host, what: variable }))
  );
  if (said.length === 0) return [];
  const hosts = new Set(said.map((s) => s.host));
  const listed = shared(said).map(({ what, hosts }) => `${what} on ${hosts}`).join("; ");
  const key = said.some((s) => s.what === "REPLICATION_PASSWORD")
    ? ", and without CLUSTER_KEY can give orders to the agents"
    : "";
  return [warning(
    hosts.size === 1 ? [...hosts][0]! : "cluster",
    ["passwords that are a default or stand in PostDock's examples are in use", listed],
    "set others in the environment of all containers that have them, and make these containers again",
    `anybody in the network of the cluster can log in${key}`,
  )];
}

function secrets(cluster: Pick<Cluster, "members">): Finding[] {
  const consequence = "a container that is made anew meanwhile has another password than those that run";
  return answered(cluster).flatMap(({ host, status }) =>
    (status.secrets ?? []).map(({ because, fix }) => warning(host, because, fix, consequence))
  );
}

function oldSettings(cluster: Pick<Cluster, "members">): Finding[] {
  const said = answered(cluster).flatMap(({ host, status }) =>
    (status.oldSettings ?? []).map((what) => ({ host, what }))
  );
  return shared(said).map(({ about, what, hosts }) =>
    warning(about, [what, `on ${hosts}`], "correct CONFIGS as it says", "a later version may refuse it")
  );
}

function strangers(cluster: Pick<Cluster, "members">): Finding[] {
  const said = answered(cluster).flatMap(({ host, status }) =>
    (status.strangers ?? []).map((what) => ({ host, what }))
  );
  const fix = "correct the name, or take it out of the environment, and make the containers that have it again";
  return shared(said).map(({ about, what, hosts }) =>
    warning(about, [what, `it is set on ${hosts}`], fix, "what it was to change is not changed")
  );
}

function versions({ nodes }: Pick<Cluster, "nodes">): Finding[] {
  const known = nodes.flatMap(({ host, status }) => status.server ? [{ host, version: status.server.version }] : []);
  if (new Set(known.map((k) => k.version)).size < 2) return [];
  const listed = known.map((k) => `${k.host} ${k.version}`).join(", ");
  const fix = "finish the update of all nodes, the primary last: postdock cluster switchover moves it first";
  const consequence = "errors that are corrected in one version are there on the nodes of the other";
  return [warning("cluster", ["the versions of PostgreSQL differ", listed], fix, consequence)];
}

function connections({ members, nodes }: Pick<Cluster, "members" | "nodes">): Finding[] {
  const pools = members.flatMap((m) =>
    "status" in m && m.status.component === "pgpool" && m.status.mayOpen !== undefined
      ? [{ host: m.host, wanted: m.status.mayOpen }]
      : []
  );
  const wanted = pools.reduce((sum, p) => sum + p.wanted, 0);
  const low = nodes.flatMap(({ host, status: { server } }) =>
    server && server.connections < wanted ? [`${host} ${server.connections}`] : []
  );
  if (low.length === 0) return [];
  return [warning(
    "cluster",
    [
      "max_connections is lower than what pgpool may open",
      `${pools.map((p) => `${p.host} ${p.wanted}`).join(", ")}; for ordinary roles there are on ${low.join(", ")}`,
    ],
    "raise max_connections in CONFIGS of the nodes, or lower num_init_children or max_pool in CONFIGS of pgpool",
    "when all sessions are in use, clients get: sorry, too many clients already",
  )];
}
