// PURE: times to the microsecond, as PostgreSQL and barman write them.

/** Microseconds since 1970, from a time that Date.parse() reads to the second, and the digits of its fraction; null: no time. */
export function microsOf(wholeSeconds: string, fraction: string): bigint | null {
  const ms = Date.parse(wholeSeconds);
  return Number.isNaN(ms) ? null : BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

/** Microseconds since 1970 as a time in UTC, "2026-11-22 10:15:00.000000+00". */
export function timeText(micros: bigint): string {
  const iso = new Date(Number(micros / 1000n)).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}.${String(micros % 1_000_000n).padStart(6, "0")}+00`;
}
