// What the programs of a combination print, for tests/contract: `deno task smoke --record` writes it anew.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { agentPcpUser } from "../../roles/pgpool/text/pgpool-conf.ts";
import { showArguments } from "../../roles/pgpool/text/pool-shows.ts";
import { root } from "../../tools/terminal.ts";
import { exec, tryExec } from "../support/docker.ts";
import { monkey } from "../support/ledger.ts";

/** The containers of which it is recorded. */
export interface Recorded {
  primary: string;
  pgpool: string;
  backup: string;
}

const asPostgres = (argv: readonly string[]) => ["gosu", "postgres", "env", "LC_ALL=C", "TZ=UTC", ...argv];
const data = "/var/lib/postgresql/data";

const optionsIn = (help: string) => [...new Set(help.match(/--[a-z][a-z-]+/g))].toSorted();

/** Writes tests/contract/recorded/SUITE.json. */
export async function record(suite: string, { primary, pgpool, backup }: Recorded): Promise<void> {
  const barman = (...args: string[]) => exec(backup, asPostgres(["barman", "-f", "json", ...args]));
  const list = await barman("list-backups", "pg_cluster");
  const id: string = JSON.parse(list).pg_cluster[0].backup_id;
  const records = [`meta/${id}-backup.info`, `base/${id}/backup.info`].map((path) => `/var/backups/pg_cluster/${path}`);
  const pcp = ["pcp_node_info", "-h", "localhost", "-p", "9898", "-U", agentPcpUser, "-w", "-a"];
  const psql = ["psql", "-XAq", "-h", "localhost", "-U", monkey.user, "-d", "postgres", ...showArguments];
  await exec(primary, asPostgres(["psql", "-qc", "checkpoint", "-c", "select pg_create_restore_point('a point')"]));
  await exec(
    primary,
    asPostgres(["psql", "-qc", "create table recorded as select 1 as n", "-c", "drop table recorded"]),
  );
  const wal = "$(psql -Atc 'select pg_walfile_name(pg_current_wal_lsn())')";
  const waldump = (args: string) => ["sh", "-c", `cd ${data}/pg_wal; pg_waldump ${args} ${wal} 2>/dev/null`];
  const marks = (await tryExec(primary, asPostgres(waldump("")))).stdout.split("\n");
  const printed = {
    controldata: await exec(primary, asPostgres(["pg_controldata", "-D", data])),
    // it ends with 1 at the end of WAL
    waldumpStats: (await tryExec(primary, asPostgres(waldump("--stats")))).stdout.split("\n").slice(0, 6).join("\n"),
    waldumpMarks: marks.filter((line) => /desc: (COMMIT|RESTORE_POINT)/.test(line)).slice(-4).join("\n"),
    nodeInfo: await exec(pgpool, asPostgres(pcp)),
    shows: await exec(pgpool, ["env", `PGPASSWORD=${monkey.password}`, ...psql]),
    barmanCheck: await barman("check", "pg_cluster"),
    barmanList: list,
    barmanShow: await barman("show-backup", "pg_cluster", id),
    barmanRecord: await exec(backup, ["sh", "-c", `cat ${records.join(" ")} 2>/dev/null || true`]),
    cloudOptions: optionsIn(await exec(backup, ["barman-cloud-backup", "--help"])),
    barmanOptions: optionsIn(await exec(backup, ["barman", "backup", "--help"])),
  };
  const directory = join(root, "tests", "contract", "recorded");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, `${suite}.json`), JSON.stringify(printed, null, 2) + "\n");
}
