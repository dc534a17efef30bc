// `postdock cluster what-if NODE…`: what would happen if these died now. Changes nothing.
import type { Command } from "../../core/runtime/context.ts";
import { printer } from "../../core/runtime/printer.ts";
import { sizeText } from "../../core/words/amounts.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { gatherSigned, openSession } from "./gather.ts";
import { type Forecast, foresee, hostsCalled } from "./what-if.ts";

/** `cluster what-if NODE… [--json]`. */
export const whatIfCommand: Command = async (context, { args, options }) => {
  const session = openSession(context);
  const cluster = await gatherSigned(session, true);
  const forecast = foresee(cluster, hostsCalled(args, cluster));
  const out = printer(context, options);
  for (const line of renderForecast(forecast)) out.say(line);
  const { leader, blocked } = forecast;
  const writable = leader !== null && blocked === null;
  out.result({ ...forecast, writable });
  return writable ? ExitCode.ok : ExitCode.no;
};

/** As people read it. */
export function renderForecast(forecast: Forecast): string[] {
  const { dying, leader, because, others, voters, lost, blocked, pools, notes } = forecast;
  const instead = others.length > 0 ? `, or ${others.join(" or ")} if it has received more by then` : "";
  const list = (hosts: readonly string[]) => hosts.join(", ") || "no node";
  const missing = voters.missing.length > 0 ? `; missing: ${voters.missing.join(", ")}` : "";
  const enough = voters.majority ? "a majority" : "not a majority";
  return [
    `if ${dying.join(" and ")} died now:`,
    `  primary: ${leader ?? "none"}${instead}: ${because}`,
    voters.all === 0
      ? "  voters: none are configured"
      : `  voters: ${voters.left} of ${voters.all} left, ${enough}${missing}`,
    `  could be lost: ${lostText(lost)}: ${lost.because}`,
    `  commits: ${leader === null ? "wait, since no node is read-write" : blocked ?? "go on"}`,
    ...pools.map((p) =>
      `  ${p.pool === "pgpool" ? "" : "pgpool "}${p.pool}: writes go to ${p.writes ?? "no node"}, reads to ${
        list(p.reads)
      }`
    ),
    ...notes.map((note) => `  note: ${note}`),
  ];
}

function lostText({ bytes, guaranteed }: Forecast["lost"]): string {
  if (bytes === null) return "not known";
  return guaranteed && bytes === 0 ? "nothing" : `about ${sizeText(bytes)}`;
}
