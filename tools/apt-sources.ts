// PURE: reads the host's Debian sources, so that everything else is fetched from the mirror that the host uses.

export interface AptSource {
  uri: string;
  suites: string[];
  signedBy: string | null;
}

/** Parses deb822 stanzas (*.sources) and one-line entries (sources.list). */
export function parseAptSources(text: string): AptSource[] {
  const stanzas = text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}:\\s*(.+)$`, "mi").exec(stanza)?.[1]?.trim();
    const uri = field("URIs")?.split(/\s+/)[0];
    const suites = field("Suites")?.split(/\s+/);
    if (!uri || !suites || !/\bdeb\b/.test(field("Types") ?? "")) return [];
    return [{ uri, suites, signedBy: field("Signed-By") ?? null }];
  });
  const lines = text.split("\n").flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s/.exec(line + " ");
    if (!match) return [];
    return [{ uri: match[2]!, suites: [match[3]!], signedBy: /signed-by=(\S+)/.exec(match[1] ?? "")?.[1] ?? null }];
  });
  return [...stanzas, ...lines];
}

/** The entries that serve Debian itself: its main archive and its security archive. */
export function debianSources(sources: readonly AptSource[]): { main: AptSource | null; security: AptSource | null } {
  const main = sources.find((s) => s.suites.some((suite) => /^(bookworm|trixie)$/.test(suite))) ?? null;
  const security = sources.find((s) => s.suites.some((suite) => /^(bookworm|trixie)-security$/.test(suite))) ?? null;
  return { main, security };
}

/** The same archive with other suites, as a deb822 stanza. */
export function renderAptSource(source: AptSource, suites: readonly string[]): string {
  return [
    "Types: deb",
    `URIs: ${source.uri}`,
    `Suites: ${suites.join(" ")}`,
    "Components: main",
    ...(source.signedBy ? [`Signed-By: ${source.signedBy}`] : []),
    "",
  ].join("\n");
}
