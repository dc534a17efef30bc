// PURE: what has to be the same, or nearly the same, in all containers, and is not.
import { staleMs } from "../../core/protocol/signing.ts";
import { differing, differingFix, differingText } from "../../core/protocol/variables.ts";
import { error, type Finding, warning } from "./finding.ts";
import type { Cluster } from "./gather.ts";

/** Clocks further apart than this are reported, milliseconds; signatures allow for staleMs. */
const clocksApartMs = 60_000;

/** Voters that count different majorities may grant two leases. */
const ofVoters = ["PARTNER_NODES", "QUORUM_OBSERVERS"];

export function sameness({ members }: Pick<Cluster, "members">): Finding[] {
  const answered = members.flatMap((m) => "status" in m ? [m] : []);
  const findings: Finding[] = [];
  const versions = new Set(answered.map((m) => m.status.postdock));
  if (versions.size > 1) {
    const listed = answered.map((m) => `${m.host} ${m.status.postdock}`).join(", ");
    findings.push(
      warning(
        "cluster",
        ["the versions of PostDock differ", listed],
        "finish the update of all containers",
        "what is new works only where all know it",
      ),
    );
  }
  for (const found of differing(answered.map(({ host, status }) => ({ host, variables: status.variables })))) {
    const level = ofVoters.includes(found.variable) ? error : warning;
    const consequence = level === error
      ? "two majorities may be counted, so that two nodes could lead"
      : "which value counts depends on which node leads";
    findings.push(level("cluster", differingText(found), differingFix(found), consequence));
  }
  for (const { host, status } of answered) {
    if (status.component !== "postgres-node" || status.node.host === host || !status.partners.includes(host)) continue;
    const what = `calls itself ${status.node.host} by CLUSTER_NODE_NETWORK_NAME, and is reached as ${host}`;
    const fix = `set CLUSTER_NODE_NETWORK_NAME=${host} in this container, or unset it`;
    findings.push(error(host, what, fix, "the others take it for another node, and its votes do not count"));
  }
  for (const { host, clockAheadMs } of answered) {
    if (Math.abs(clockAheadMs) < clocksApartMs) continue;
    const what = `its clock is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${clockAheadMs > 0 ? "ahead" : "behind"}`;
    const refused = Math.abs(clockAheadMs) > staleMs;
    const consequence = refused
      ? "it neither votes nor takes orders"
      : "its log and history tell other times; further apart, its messages are refused";
    const full = refused ? `${what}: its signed messages are refused` : what;
    findings.push(
      (refused ? error : warning)(host, full, "correct the time of that machine, for example by NTP", consequence),
    );
  }
  return findings;
}
