// kubectl as the administrator of the real Kubernetes of `deno task kubernetes up`, for its scenarios.
import type { CommandResult } from "../../core/runtime/command.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { asAdmin } from "../../tools/kubernetes/control-plane.ts";
import { ensureKubernetesClients } from "../../tools/kubernetes-clients.ts";
import { attempt, execute } from "../../tools/terminal.ts";
import type { Json } from "./kubernetes-objects.ts";
import { wholeMs } from "./waits.ts";

const clients = await ensureKubernetesClients();

/** Runs kubectl, whatever its exit code. */
export const tryKubectl = (argv: readonly string[], timeoutMs = 60_000): Promise<CommandResult> =>
  attempt(asAdmin(clients, argv), { timeoutMs });

/** Runs kubectl. Throws if it fails. */
export const kubectl = (
  argv: readonly string[],
  options: { timeoutMs?: number; input?: string } = {},
): Promise<string> => execute(asAdmin(clients, argv), { timeoutMs: 60_000, ...options });

/** Waits until a machine is ready, as the API server sees it. */
export async function machineReady(machine: string): Promise<void> {
  const isReady = async () => (await tryKubectl(["wait", "--for=condition=Ready", "node", machine])).code === 0;
  await waitUntil(isReady, { what: `${machine} to be ready`, deadlineMs: 2 * wholeMs }, { clock: systemClock });
}

/** Seconds since that moment, for the output of a test. */
export const secondsSince = (fromMs: number): string => ((systemClock.nowMs() - fromMs) / 1000).toFixed(1);

export interface Pod {
  name: string;
  /** of this very pod: the next one of its name has another */
  uid: string;
  machine: string;
  address: string | null;
  ready: boolean;
}

/** The pods of a list in JSON, in the order of their names. */
export const podsOf = ({ items }: Json): Pod[] =>
  items.map(({ metadata, spec, status }: Json) => ({
    name: metadata.name,
    uid: metadata.uid,
    machine: spec.nodeName ?? "",
    address: status.podIP ?? null,
    ready: status.conditions?.some((c: Json) => c.type === "Ready" && c.status === "True") ?? false,
  })).toSorted((a: Pod, b: Pod) => a.name < b.name ? -1 : 1);
