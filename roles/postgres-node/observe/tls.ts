// The TLS of a node's server: its files are kept up to date, and looked at now and then: what has become wrong with one shows
// only at the next start.
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Setting } from "../../../config/list-syntax.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { remedyFor } from "../../../core/postgres/remedy.ts";
import { soonMs, tlsWanted } from "../../../core/postgres/tls-files.ts";
import { lookAtTls } from "../../../core/runtime/tls-files.ts";
import { TlsMaterial } from "../../../core/runtime/tls-material.ts";
import { tlsHosts } from "../../../core/runtime/tls-names.ts";
import { keyRing } from "../../../core/protocol/signing.ts";
import { exists } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { errorText } from "../../../core/words/errors.ts";
import type { Node } from "../node.ts";
import { connectLocal, type Sql, withConnection } from "../tools/queries.ts";

/** How often, how soon after a look that failed, and how long one look at the settings may take, milliseconds. */
const everyMs = 10_000;
const againMs = 5_000;
const lookMs = 3_000;

const SettingRow = z.object({ name: z.string(), value: z.string() });

/** ssl and the settings below it, also those of ALTER SYSTEM. */
async function readTlsSettings(sql: Sql) {
  const rows = await sql`select name, setting as value from pg_settings where starts_with(name, 'ssl') order by name`;
  return z.array(SettingRow).parse([...rows]);
}

const readNow = (config: NodeConfig) => () => withConnection(connectLocal("postgres", config), lookMs, readTlsSettings);

/**
 * Writes the files of TLS; also returns the cluster's keys, from which they may be made. A node with data goes on without them: it
 * votes, and its server starts once they are right. Throws OperatorError.
 */
export async function prepareTls(config: NodeConfig, { clock, log }: { clock: Clock; log: Log }) {
  const ring = keyRing(config);
  const hosts = tlsHosts(config.host, hostname(), config.tlsNames);
  const tls = new TlsMaterial({ config, ...ring, hosts, needed: [config.host], clock, log });
  await tls.prepare(await exists(join(config.pgdata, "PG_VERSION")));
  return { ring, tls };
}

/** Keeps the files up to date, and what the status says of them. */
export function keepTls(node: Node, tls: TlsMaterial): void {
  void tls.keep(node.stop, () => node.doors.server.reload());
  void watchTls(node, tls);
}

/** Keeps what the status says of TLS up to date until the node stops. `read`: the server's settings. It never throws. */
export async function watchTls(
  node: Node,
  mounted: Pick<TlsMaterial, "faults">,
  read: () => Promise<Setting[]> = readNow(node.config),
): Promise<void> {
  const { clock, condition, config: { pgdata }, stop } = node;
  let failed = 0;
  while (!stop.aborted) {
    const role = node.seen.role();
    const serves = role === "primary" || role === "standby";
    if (!serves) namesMounted(mounted.faults, node);
    if (serves) {
      try {
        const wanted = tlsWanted("postgres", await read(), pgdata);
        const seen = wanted && await lookAtTls(wanted, clock.wallMs());
        // of copies the mounted files are named
        const faults = [...mounted.faults, ...seen?.faults(node.config.tls === "off" ? soonMs : -Infinity) ?? []];
        condition.tlsIs({ on: wanted !== null, faults, certificateEndsMs: seen?.certificateEndsMs ?? null });
        failed = 0;
      } catch (error) {
        if (++failed > 1) notSeen(error, node); // a server that is just ending does not answer either
      }
    }
    await clock.sleep(!serves ? 1_000 : failed > 0 ? againMs : everyMs, stop);
  }
}

/** A server that does not start may lack these files. */
function namesMounted(faults: Trouble[], { condition, config }: Node): void {
  if (config.tls === "off" || (faults.length === 0 && condition.tls === null)) return;
  condition.tlsIs({ on: true, faults, certificateEndsMs: condition.tls?.certificateEndsMs ?? null });
}

function notSeen(error: unknown, { condition, config }: Node): void {
  const because = `its TLS could not be looked at: ${errorText(error)}`;
  const fix = remedyFor(because, config) ?? "end what keeps the server from answering; it is asked again every 5 s";
  const wanted = config.tls !== "off" || tlsWanted("postgres", config.settings, config.pgdata) !== null;
  const on = condition.tls?.on ?? wanted;
  condition.tlsIs({ on, faults: [{ because, fix }], certificateEndsMs: condition.tls?.certificateEndsMs ?? null });
}
