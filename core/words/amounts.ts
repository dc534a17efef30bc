// PURE: sizes and times as people read and write them.

const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes as people read them, counted by 1024 as PostgreSQL does: "0 B", "1.2 MB"; negative ones keep their sign. */
export function sizeText(bytes: number): string {
  const size = Math.abs(bytes);
  const power = units.findLastIndex((_, i) => i === 0 || size >= 1024 ** i);
  const rounded = (size / 1024 ** power).toFixed(power === 0 ? 0 : 1);
  // 1048575 bytes are 1.0 MB, not 1024.0 kB
  const carried = rounded === "1024.0" && power < units.length - 1;
  return `${bytes < 0 ? "-" : ""}${carried ? "1.0" : rounded} ${units[carried ? power + 1 : power]}`;
}

/** "16MB" to bytes (kB, MB, GB as PostgreSQL counts them, by 1024); undefined if it is not a size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,12})\s*(B|kB|MB|GB)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }[(match[2] ?? "b").toLowerCase()];
  return Number(match[1]) * (unit ?? 1);
}

/** Milliseconds as people read them: "0.3 s". */
export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** "90", "90s", "1.5m", "500ms" or "2h" to milliseconds; a bare number is seconds. Undefined if it is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h)?$/.exec(text.trim());
  if (!match) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? "s"];
  return Math.round(Number(match[1]) * (unit ?? 1000));
}
