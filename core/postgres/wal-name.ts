// PURE names of WAL files: timeline and segment, as in barman's directories and in pg_wal.
import { parseLsn } from "./lsn.ts";

/** Size of a segment as initdb makes it, bytes. */
export const segmentBytes = 16 * 1024 * 1024;

/** One WAL file of a directory. */
export interface WalFile {
  name: string;
  timeline: number;
  /** number of the segment since the beginning of all WAL */
  segment: bigint;
  /** still being received */
  partial: boolean;
}

/** "0000000200000001000000AB" or with .partial; null if it is not the name of a WAL file. */
export function parseWalName(name: string, segmentBytes: number): WalFile | null {
  const match = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?$/.exec(name);
  if (!match) return null;
  const perLog = segmentsPerLog(segmentBytes);
  const low = BigInt(`0x${match[3]}`);
  if (low >= perLog) return null;
  return {
    name,
    timeline: parseInt(match[1]!, 16),
    segment: BigInt(`0x${match[2]}`) * perLog + low,
    partial: match[4] !== undefined,
  };
}

/** The name of a whole segment's file. */
export function walName(timeline: number, segment: bigint, segmentBytes: number): string {
  const perLog = segmentsPerLog(segmentBytes);
  const hex = (n: bigint | number) => n.toString(16).toUpperCase().padStart(8, "0");
  return hex(timeline) + hex(segment / perLog) + hex(segment % perLog);
}

/** The name of the history file, which says where a timeline's ancestors were left. */
export function historyName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, "0")}.history`;
}

/** The segment that holds an LSN. */
export function segmentOf(lsn: string, segmentBytes: number): bigint {
  return parseLsn(lsn) / BigInt(segmentBytes);
}

/** The last segment that holds WAL before an LSN: what ends exactly where a segment begins needs nothing of that segment. */
export function lastSegmentBefore(lsn: string, segmentBytes: number): bigint {
  return (parseLsn(lsn) - 1n) / BigInt(segmentBytes);
}

/** The segment that is needed after a file: the same one, if the file was never finished. */
export function segmentAfter({ partial, segment }: WalFile): bigint {
  return partial ? segment : segment + 1n;
}

/** The newest file as pg_receivewal counts: highest segment, then highest timeline, then a whole file before a partial. */
export function newestWal(files: readonly WalFile[]): WalFile | null {
  return files.reduce<WalFile | null>((best, file) => best === null || isNewer(file, best) ? file : best, null);
}

function isNewer(a: WalFile, b: WalFile): boolean {
  if (a.segment !== b.segment) return a.segment > b.segment;
  if (a.timeline !== b.timeline) return a.timeline > b.timeline;
  return !a.partial && b.partial;
}

function segmentsPerLog(segmentBytes: number): bigint {
  return 0x100000000n / BigInt(segmentBytes);
}
