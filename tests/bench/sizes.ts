// PURE: the example's Compose file with more nodes of the first level.

/** How to change the Compose text so that it has `size` nodes which all vote, and their names. */
export function ofSize(size: number, nodes: readonly string[]): { edit: (yaml: string) => string; names: string[] } {
  const extra = Array.from({ length: Math.max(0, size - nodes.length) }, (_, i) => `pgextra${i + 1}`);
  const names = [...nodes, ...extra];
  const edit = (yaml: string) => {
    const block = /^ {2}pgslave1:\n(?: {4}.*\n)+/m.exec(yaml)![0];
    const more = extra.map((name, i) =>
      block.replaceAll("pgslave1", name).replace("NODE_ID: 2", `NODE_ID: ${i + 11}`).replace("node2", `node${i + 11}`)
    );
    const backends = names.map((name, i) => `${i}:${name}::::`).join(",");
    return yaml.replace(block, () => [block, ...more].join("\n"))
      .replaceAll(/PARTNER_NODES: .*/g, `PARTNER_NODES: "${names.join(",")}"`)
      .replace(/BACKENDS: .*/, `BACKENDS: "${backends}"`)
      .replace(/^volumes:\n/m, `volumes:\n${extra.map((name) => `  ${name}:\n`).join("")}`);
  };
  return { edit, names };
}
