// `barman list` on an archive of days of WAL: so many files more than there are, and barman's record of them.
import { exec } from "../support/docker.ts";
import { longMs, timeOf } from "./backup.ts";
import { median } from "./cost.ts";

export interface ListRun {
  files: number;
  /** medians, milliseconds: the command, and within it barman's own list */
  oursMs: number;
  barmanMs: number;
}

/** Not a timeline of the cluster: nothing that is restored reads them. */
const timeline = "0000FFFF";
const archive = "/var/backups/pg_cluster/wals";

/** Adds the files, measures, and removes them. */
export async function measureList(backup: string, files: number, runs: number): Promise<ListRun> {
  const make = `cd ${archive}; for log in $(seq 0 ${Math.ceil(files / 256) - 1}); do
    d=$(printf '${timeline}%08X' $log); mkdir -p $d
    for s in $(seq 0 255); do n=$(printf '%s%08X' $d $s); : > $d/$n; printf '%s\\t16777216\\t1790000000.0\\tgzip\\n' $n; done
  done > /tmp/bench.xlog; cat /tmp/bench.xlog >> $(ls *xlog.db)`;
  await timeOf(backup, make);
  try {
    const ours: number[] = [];
    const barman: number[] = [];
    for (let i = 0; i < runs; i++) {
      ours.push(await timeOf(backup, "postdock barman list"));
      barman.push(await timeOf(backup, "barman -f json list-backups pg_cluster"));
    }
    return { files, oursMs: median(ours), barmanMs: median(barman) };
  } finally {
    await exec(backup, ["sh", "-c", `rm -rf ${archive}/${timeline}*; barman rebuild-xlogdb pg_cluster`], longMs);
  }
}
