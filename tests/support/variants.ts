// PURE: the example's Compose file with another consistency mode or other voters, for Cluster.prepare().

type Edit = (yaml: string) => string;

/** CONSISTENCY on the nodes and on pgpool. */
export const withMode = (mode: string): Edit => (yaml) =>
  yaml.replace("  CLUSTER_NAME: pg_cluster", `  CLUSTER_NAME: pg_cluster\n  CONSISTENCY: ${mode}`)
    .replace("      BACKENDS:", `      CONSISTENCY: ${mode}\n      BACKENDS:`);

/** The first line of an observer's settings. */
const settingsOf = { pgpool: "      BACKENDS:", backup: "      REPLICATION_HOST:" };
export type Observer = keyof typeof settingsOf;

/** These nodes and these observers vote. */
export const withVoters = (partners: readonly string[], observers: readonly Observer[]): Edit => (yaml) => {
  const voters = `      PARTNER_NODES: "${partners.join(",")}"\n      QUORUM_OBSERVERS: ${observers.join(",")}\n`;
  return observers.reduce(
    (text, name) =>
      text.replace(settingsOf[name], `${voters}      CLUSTER_NODE_NETWORK_NAME: ${name}\n${settingsOf[name]}`),
    yaml.replaceAll(/^ {6}PARTNER_NODES: .*\n/gm, voters),
  );
};
