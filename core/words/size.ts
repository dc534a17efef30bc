// PURE: sizes as people read and write them.

/** "16MB" to bytes (kB, MB, GB as PostgreSQL counts them, by 1024); undefined where it is not a size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,12})\s*(B|kB|MB|GB)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }[(match[2] ?? "b").toLowerCase()];
  return Number(match[1]) * (unit ?? 1);
}
