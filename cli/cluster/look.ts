// `postdock cluster show|doctor|history`: what an operator looks at, from any container, without SSH.
import type { Command } from "../../core/runtime/context.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { printer } from "../../core/runtime/printer.ts";
import { diagnose } from "./diagnose.ts";
import { gather, openSession } from "./gather.ts";
import { readHistories } from "./histories.ts";
import { clusterResult, renderCluster, renderHistory } from "./render.ts";

/** How long a node has to answer with its history, milliseconds. */
const askMs = 10_000;

/** `cluster show [--json]`. */
export const showCommand: Command = async (context, { options }) => {
  const cluster = await gather(openSession(context));
  const out = printer(context, options);
  for (const line of renderCluster(cluster)) out.say(line);
  out.result(clusterResult(cluster));
  return cluster.primary ? ExitCode.ok : ExitCode.no;
};

/** `cluster doctor [--json]`: what is wrong and what to type. */
export const doctorCommand: Command = async (context, { options }) => {
  const cluster = await gather(openSession(context));
  const findings = diagnose(cluster);
  const out = printer(context, options);
  for (const { level, about, what, consequence, fix } of findings) {
    out.say(`${level}: ${about}: ${what}\n  consequence: ${consequence}\n  fix: ${fix}`);
  }
  if (findings.length === 0) {
    const services = cluster.members.filter((m) => "status" in m && m.status.component !== "postgres-node");
    out.say("nothing is wrong: every node answers, there is one primary, all standbys stream");
    out.say(
      services.length > 0
        ? `looked at as well: ${services.map((m) => m.host).join(", ")}`
        : "pgpool and barman were not looked at: run the command in their containers, or name them in QUORUM_OBSERVERS",
    );
  }
  out.result({ findings });
  return findings.some((f) => f.level === "error") ? ExitCode.no : ExitCode.ok;
};

/** `cluster history [--json]`: what happened on all containers that answer, oldest first. */
export const historyCommand: Command = async (context, { options }) => {
  const session = openSession(context);
  const cluster = await gather(session);
  const histories = await readHistories(cluster.members, { peers: session.peers, timeoutMs: askMs });
  const entries = histories.flatMap((h) => "entries" in h ? h.entries : [])
    .toSorted((a, b) => a.time.localeCompare(b.time));
  const unread = [...cluster.members, ...histories].flatMap((m) =>
    "error" in m ? [{ host: m.host, error: m.error }] : []
  );
  const out = printer(context, options);
  for (const line of renderHistory(entries)) out.say(line);
  for (const { host, error } of unread) out.say(`what ${host} has noted is missing here: ${error}`);
  out.result({ entries, unread });
  return ExitCode.ok;
};
