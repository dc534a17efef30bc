// The commands of the operator's hand, as data: `postdock cluster …`.
import { type Group, lazy, type LeafOption } from "../command-types.ts";

const json: LeafOption = { flag: "--json", does: "as JSON, for programs" };
const operatorExits = "0 done, 64 no such node, 69 a node that is needed does not answer, 77 refused, with the reason";

export const cluster: Group = {
  name: "cluster",
  does: "the cluster as a whole, from any of its containers",
  commands: [
    {
      usage: "show",
      does: "every node, its role, timeline and lag, the lease, the pool, and what is not in order",
      exits: "0 a primary is in sight, 1 none is",
      run: lazy(async () => (await import("./look.ts")).showCommand),
      options: [json],
    },
    {
      usage: "doctor",
      does: "what is wrong with the cluster, each with what to type",
      exits: "0 nothing, or warnings only; 1 an error",
      run: lazy(async () => (await import("./look.ts")).doctorCommand),
      options: [json],
    },
    {
      usage: "switchover",
      does: "the primary hands over to a standby and follows it; nothing acknowledged is lost",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).switchoverCommand),
      options: [
        { flag: "--to <node>", does: "who is to lead, by host or NODE_NAME; the best standby where left out" },
        json,
      ],
    },
    {
      usage: "failover",
      does: "a node leads although a majority of the voters is gone",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).failoverCommand),
      options: [
        { flag: "--force <node>", does: "who is to lead, by host or NODE_NAME" },
        { flag: "--yes", does: "without it the command only tells what may be lost" },
        json,
      ],
    },
    {
      usage: "reinit <node>",
      does: "clones a standby afresh; its old data stays until the clone is whole",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).reinitCommand),
      options: [json],
    },
    {
      usage: "pause",
      does: "no automatic failover until resume; survives restarts",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).pauseCommand(true)),
      options: [json],
    },
    {
      usage: "resume",
      does: "automatic failover again",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).pauseCommand(false)),
      options: [json],
    },
    {
      usage: "history",
      does: "what happened on the nodes, why, and how long it took, oldest first",
      exits: "0",
      run: lazy(async () => (await import("./look.ts")).historyCommand),
      options: [json],
    },
  ],
};
