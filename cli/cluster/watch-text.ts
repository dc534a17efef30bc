// PURE: what `cluster watch` writes, and what counts as a change.
import type { NodeStatus } from "../../core/protocol/status.ts";
import type { Cluster } from "./gather.ts";
import { printable } from "../../core/words/layout.ts";
import { renderCluster } from "./render.ts";

/** From here on a standby that falls behind is a change, bytes. */
const muchBytes = 16 * 1024 * 1024;

/** What is shown, without the values that are others at every look: the time left of the lease, and small lags. */
export function changeKey({ members, nodes, primary }: Cluster): string {
  const calm = nodes.map(({ host, status }) => ({ host, status: withoutRipples(status) }));
  const same = calm.find((n) => n.host === primary?.host) ?? null;
  return renderCluster({ members, nodes: calm, primary: same }).join("\n");
}

function withoutRipples(status: NodeStatus): NodeStatus {
  const { postgres, lease } = status;
  const lagBytes = postgres.lagBytes === null ? null : postgres.lagBytes < muchBytes ? 0 : muchBytes;
  return { ...status, postgres: { ...postgres, lagBytes, lagSeconds: 0 }, lease: { ...lease, remainingMs: 0 } };
}

/** These lines over what the terminal shows, cut to its size: each erases the rest of its row, the last what is below. */
export function renderScreen(lines: readonly string[], { rows, columns }: { rows: number; columns: number }): string {
  const most = Math.max(1, rows - 1);
  lines = lines.flatMap((line) => printable(line).replaceAll("\t", " ").split("\n"));
  const shown = lines.length <= most ? lines : [...lines.slice(0, most - 1), "…"];
  return `\x1b[H${shown.map((line) => `${line.slice(0, Math.max(1, columns - 1))}\x1b[K`).join("\n")}\x1b[J`;
}
