// The nodes that barman knew before the restart, or that its service in this container knows.
import { z } from "zod";
import { readIfThere } from "../../../core/runtime/files.ts";
import { hostsToAsk } from "../decide/follow.ts";
import { knownHostsPath } from "../text/places.ts";
import type { Barman } from "../state.ts";

/** The hosts of REPLICATION_HOST, and those that were known last. */
export async function knownHosts({ config, log }: Pick<Barman, "config" | "log">): Promise<string[]> {
  const text = await readIfThere(knownHostsPath(config));
  try {
    const known = text === null ? [] : z.object({ hosts: z.array(z.string()) }).parse(JSON.parse(text)).hosts;
    return hostsToAsk(config.hosts, known, []);
  } catch (error) {
    log.warn("The list of nodes from before the restart cannot be read and is ignored", { error });
    return hostsToAsk(config.hosts, [], []);
  }
}
