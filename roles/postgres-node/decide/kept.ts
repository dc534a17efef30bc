// PURE: when the data from before a restore are removed by themselves: never before a base backup from after it is whole; then
// in time, or as soon as the volume needs the room.

/** With less than this part of a volume free, kept data give way. `cluster doctor` complains at half of it. */
const littleRoom = 0.1;

export interface KeptView {
  /** when the restore ended; wall clock, milliseconds */
  atMs: number;
  /** a base backup that began after the restore and is whole; null: none is known */
  backup: string | null;
  nowMs: number;
  /** RESTORE_KEEP_DAYS, milliseconds */
  keepMs: number;
  /** the smallest part that is free of a volume on which data are kept, 0 to 1 */
  freeShare: number;
}

export type KeptPlan = { do: "keep"; untilMs: number | null } | { do: "remove"; because: string };

/** Whether the kept data stay, and until when; null: until there is such a backup. */
export function decideKept({ atMs, backup, freeShare, keepMs, nowMs }: KeptView): KeptPlan {
  if (backup === null) return { do: "keep", untilMs: null };
  const since = `base backup ${backup} from after the restore is whole`;
  if (nowMs - atMs >= keepMs) {
    return { do: "remove", because: `${since}, and RESTORE_KEEP_DAYS is over` };
  }
  if (freeShare < littleRoom) {
    return { do: "remove", because: `${since}, and only ${Math.round(freeShare * 100)} % of the volume is free` };
  }
  return { do: "keep", untilMs: atMs + keepMs };
}
