// Where the services by role of a release lead, as clients find it out.
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { errorText } from "../../core/words/errors.ts";
import { type Pod, secondsSince } from "./kubectl.ts";
import type { Release } from "./kubernetes-release.ts";
import { queryOnce, type Target } from "./ledger.ts";
import { wholeMs } from "./waits.ts";

interface Way {
  address: string;
  standby: boolean;
  /** the transaction has written, and is rolled back */
  wrote: boolean;
}

/** New connections, one after the other: of three nodes one that is left out is that by chance once in 60,000 times. */
const connections = 30;

/** One new connection: to which node, and whether that takes a write. */
async function follow(target: Target): Promise<Way> {
  return await queryOnce(target, async (sql) => {
    const [seen] = await sql`select host(inet_server_addr()) as address, pg_is_in_recovery() as standby`;
    const write = sql.unsafe("begin; create table written_through_a_service (); rollback");
    const refused = "25006"; // read_only_sql_transaction
    const wrote = await write.then(() => true, (error) => {
      if (error.code !== refused) throw error;
      return false;
    });
    return { address: seen!.address, standby: seen!.standby, wrote };
  }, 3_000);
}

/** Why the services do not lead where they should; null: they do. */
async function whyWrong(
  targets: Record<"rw" | "ro" | "r", Target>,
  primary: Pod,
  nodes: Pod[],
): Promise<string | null> {
  const standbys = nodes.filter((p) => p.name !== primary.name).map((p) => p.address);
  const wanted = { rw: [primary.address], ro: standbys, r: nodes.map((p) => p.address) };
  for (const service of ["rw", "ro", "r"] as const) {
    const ways: Way[] = [];
    for (let i = 0; i < connections; i++) ways.push(await follow(targets[service]));
    const found = [...new Set(ways.map((w) => w.address))].toSorted();
    if (found.join() !== wanted[service].toSorted().join()) return `N-${service} leads to ${found}`;
    const odd = ways.find((w) => w.wrote === w.standby || w.standby === (w.address === primary.address));
    if (odd !== undefined) return `through N-${service}: ${JSON.stringify(odd)}`;
  }
  return null;
}

/** Waits until N-rw, N-ro and N-r lead to the primary, to each standby, and to each node, and only the primary takes writes. */
export async function servicesByRole(release: Release, primary: Pod): Promise<void> {
  const target = async (service: string) => await release.target(await release.entry(service));
  const targets = { rw: await target("rw"), ro: await target("ro"), r: await target("r") };
  const from = systemClock.nowMs();
  let last = "";
  const right = async () => {
    const nodes = await release.pods();
    last = await whyWrong(targets, primary, nodes).catch(errorText) ?? "";
    return last === "";
  };
  const what = "services that lead to the nodes by their roles";
  await waitUntil(right, { what, deadlineMs: wholeMs, why: () => last }, { clock: systemClock });
  console.log(`  services by role are right after ${secondsSince(from)} s`);
}
