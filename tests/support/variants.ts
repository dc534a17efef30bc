// PURE: the example's Compose file with another consistency mode, other voters or more nodes, for Cluster.prepare().
import { type Edit, mount, nodesOf, serviceOf, setEnvironment } from "./compose-file.ts";

/** Variables on every node. */
export const onNodes = (variables: Readonly<Record<string, string | number>>): Edit => (file) => {
  for (const node of nodesOf(file)) setEnvironment(file, node, variables);
};

/** Variables on every node and on pgpool. */
export const onNodesAndPool = (variables: Readonly<Record<string, string | number>>): Edit => (file) => {
  onNodes(variables)(file);
  setEnvironment(file, "pgpool", variables);
};

/** A volume at this path on every node, for a tablespace. */
export const withVolume = (path: string): Edit => (file) => {
  for (const node of nodesOf(file)) {
    const volume = `${node}${path.replaceAll("/", "-")}`;
    mount(file, node, `${volume}:${path}`);
    file.volumes = { ...file.volumes, [volume]: null };
  }
};

/** CONSISTENCY on the nodes and on pgpool. */
export const withMode = (mode: string): Edit => onNodesAndPool({ CONSISTENCY: mode });

export type Observer = "pgpool" | "backup";

/** These nodes and these observers vote. */
export const withVoters = (partners: readonly string[], observers: readonly Observer[]): Edit => (file) => {
  const voters: Record<string, string> = { PARTNER_NODES: partners.join(",") };
  if (observers.length > 0) voters.QUORUM_OBSERVERS = observers.join(",");
  const first = nodesOf(file).filter((node) => serviceOf(file, node).environment?.PARTNER_NODES !== undefined);
  for (const node of first) setEnvironment(file, node, voters);
  for (const name of observers) setEnvironment(file, name, { ...voters, CLUSTER_NODE_NETWORK_NAME: name });
};

/** So many nodes of the first level, copies of pgslave1 where `nodes` are fewer, all voters and all behind pgpool. */
export function withFirstLevel(size: number, nodes: readonly string[]): { edit: Edit; names: string[] } {
  const extra = Array.from({ length: Math.max(0, size - nodes.length) }, (_, i) => `pgextra${i + 1}`);
  const names = [...nodes, ...extra];
  const edit: Edit = (file) => {
    const pattern = JSON.stringify(serviceOf(file, "pgslave1"));
    extra.forEach((name, i) => {
      file.services[name] = JSON.parse(pattern.replaceAll("pgslave1", name));
      setEnvironment(file, name, { NODE_ID: i + 11, NODE_NAME: `node${i + 11}` });
      file.volumes = { ...file.volumes, [name]: null };
    });
    withVoters(names, [])(file);
    const backends = names.map((name, i) => `${i}:${name}::::`).join(",");
    setEnvironment(file, "pgpool", { BACKENDS: backends });
  };
  return { edit, names };
}
