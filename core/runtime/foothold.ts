// Looks whether a container has what its role needs, and touches nothing: a role that could not work here is refused at once.
import { decideFoothold, type Listener, type NeededPort, parseListeners } from "./decide/foothold.ts";
import { modeOf, readIfThere, whyNotWritable } from "./files.ts";
import { isNamed } from "./decide/account-name.ts";
import { sshdPaths, sshdPort } from "./sshd.ts";

export interface Needs {
  /** directories in which the role makes files; those that are not there yet are made by it */
  paths: readonly string[];
  ports: readonly NeededPort[];
  sshd: boolean;
}

/** The port of HTTP, in every role. */
export const httpNeeds = (port: number): NeededPort => ({
  port,
  by: "HTTP",
  change: "set POSTDOCK_PORT to another port, in all containers",
});

/** Throws an OperatorError that names everything that is missing. */
export async function requireFoothold({ paths, ports, sshd }: Needs): Promise<void> {
  const allPaths = [...new Set(sshd ? [...paths, ...sshdPaths] : paths)];
  const unwritable = await Promise.all(allPaths.map(async (path) => ({ path, code: await whyNotWritable(path) })));
  const uid = process.getuid?.() ?? 0;
  const refusal = decideFoothold({
    uid,
    named: isNamed(uid, await readIfThere("/etc/passwd") ?? ""),
    freePorts: Number(await readIfThere("/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? 1024),
    capabilities: await effectiveCapabilities(),
    sshd,
    unwritable: (await Promise.all(unwritable.map(async ({ path, code }) =>
      code === null ? [] : [{
        path,
        code,
        owner: (await modeOf(path).catch(() => null))?.uid ?? null,
      }]
    ))).flat(),
    ports: sshd ? [...ports, sshdPort] : ports,
    listening: await listeners(),
  });
  if (refusal !== null) throw refusal;
}

async function effectiveCapabilities(): Promise<bigint | null> {
  const found = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readIfThere("/proc/self/status") ?? "");
  return found ? BigInt(`0x${found[1]}`) : null;
}

async function listeners(): Promise<Listener[]> {
  const texts = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map(readIfThere)); // the second is there with IPv6 only
  return texts.flatMap((text) => text === null ? [] : parseListeners(text));
}
