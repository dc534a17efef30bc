// The commands that an operator types to see and change a cluster, as data: `postdock cluster …`.
import { type Group, lazy, type LeafOption } from "../command-types.ts";

const json: LeafOption = { flag: "--json", does: "as JSON, for programs" };
const operatorExits = "0 done, 64 no such node, 69 a needed node does not answer, 77 refused, with the reason";

export const cluster: Group = {
  name: "cluster",
  does: "the cluster as a whole, from any of its containers",
  commands: [
    {
      usage: "show",
      does: "shows every node with its role, timeline and lag, the lease, the pool, and what is wrong",
      exits: "0 a primary is in sight, 1 no primary is in sight",
      run: lazy(async () => (await import("./look.ts")).showCommand),
      options: [json],
    },
    {
      usage: "doctor",
      does: "lists what is wrong with the cluster, and how to correct it",
      exits: "0 nothing is wrong, or warnings only; 1 at least one error",
      run: lazy(async () => (await import("./look.ts")).doctorCommand),
      options: [json],
    },
    {
      usage: "what-if <nodes...>",
      does:
        "says what would happen if these containers died now: which node would lead, what could be lost, whether a " +
        "majority is left, whether commits would wait, and where clients would go. It changes nothing",
      exits: "0 writes would go on, 1 they would not, 64 no such node",
      run: lazy(async () => (await import("./what-if-command.ts")).whatIfCommand),
      options: [json],
    },
    {
      usage: "wait",
      does: "waits until the cluster is as asked for, for scripts; what cannot be seen is not as asked for",
      exits: "0 it is, 64 the goal or the time is not of an accepted form, 75 it was not in time, with the reason",
      run: lazy(async () => (await import("./wait.ts")).waitCommand),
      options: [
        {
          flag: "--for <goal>",
          does:
            'healthy (doctor has no error), primary=NODE, or "lag<SIZE" such as "lag<16MB", in quotes, of every standby',
        },
        { flag: "--timeout <duration>", does: "how long, such as 30s, 5m or 1h; the default is 1m, the most 24h" },
        json,
      ],
    },
    {
      usage: "watch",
      does: "shows what `show` does, again every second, until Ctrl-C; without a terminal it prints what has changed",
      exits: "0 ended by Ctrl-C or at the end of the time, 64 the time is not of the accepted form",
      run: lazy(async () => (await import("./watch.ts")).watchCommand),
      options: [
        { flag: "--timeout <duration>", does: "for how long, such as 30s, 5m or 1h; the default and the most is 24h" },
        { flag: "--json", does: "one line of JSON for each change, for programs" },
      ],
    },
    {
      usage: "switchover",
      does: "makes the primary hand over to a standby and follow it; no acknowledged write is lost",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).switchoverCommand),
      options: [
        { flag: "--to <node>", does: "the next primary, by host or NODE_NAME; the default is the best standby" },
        json,
      ],
    },
    {
      usage: "failover",
      does: "makes a node primary although a majority of the voters is gone",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).failoverCommand),
      options: [
        { flag: "--force <node>", does: "the next primary, by host or NODE_NAME" },
        { flag: "--yes", does: "confirms the order; without it the command only says what may be lost" },
        json,
      ],
    },
    {
      usage: "reinit <node>",
      does: "clones any node but the primary again, whatever its state; its old data stays until the clone is complete",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).reinitCommand),
      options: [json],
    },
    {
      usage: "pause",
      does: "turns automatic failover off until `resume`, also over restarts",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).pauseCommand(true)),
      options: [json],
    },
    {
      usage: "resume",
      does: "turns automatic failover on again",
      exits: operatorExits,
      run: lazy(async () => (await import("./orders.ts")).pauseCommand(false)),
      options: [json],
    },
    {
      usage: "rotate <secret> [hosts...]",
      does:
        "takes a new password or key from the files of all containers, without a restart: replication, superuser, check, users " +
        "or key. It says what it waits for, and goes on where it was if it is typed again. hosts: containers that are not in " +
        "sight from here",
      exits:
        "0 all have the new value and only that, 64 not such a secret, 69 not complete in time, 77 refused, with the reason",
      run: lazy(async () => (await import("./rotate.ts")).rotateCommand),
      options: [
        { flag: "--timeout <duration>", does: "how long to wait, such as 30s, 5m or 1h; the default is 2m" },
        json,
      ],
    },
    {
      usage: "history",
      does: "lists what happened on the nodes, in pgpool and in barman, why, and how long it took, oldest first",
      exits: "0",
      run: lazy(async () => (await import("./look.ts")).historyCommand),
      options: [json],
    },
  ],
};
