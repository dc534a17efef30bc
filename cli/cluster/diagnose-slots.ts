// PURE: replication slots that keep WAL for nobody, or are about to lose what their consumer needs.
import type { ServerFacts, SlotFacts } from "../../core/protocol/server-facts.ts";
import { sizeText } from "../../core/words/amounts.ts";
import { error, type Finding, warning } from "./finding.ts";

/** A slot that nobody reads is reported once it keeps this much, bytes: a node that restarts needs less. */
const muchKept = 64 * 1024 * 1024;
/** A slot is near its bound when less than this part of what it may keep is left. */
const littleLeft = 0.2;

/** Of the slots of one server. */
export function slots(host: string, facts: ServerFacts | null | undefined): Finding[] {
  return (facts?.slots ?? []).flatMap((slot) => ofSlot(host, slot));
}

function ofSlot(host: string, { name, active, forNobody, wal, keptBytes, safeBytes }: SlotFacts): Finding[] {
  const whose = `slot ${name} of ${host}`;
  const drop = `if it is gone for good, type on ${host}: select pg_drop_replication_slot('${
    name.replaceAll("'", "''")
  }')`;
  const kept = keptBytes === null ? "an unknown amount of WAL" : `${sizeText(keptBytes)} of WAL`;
  const consumer = active ? "what reads from it" : "its consumer, which is away,";
  if (wal === "lost") {
    const fix = `${drop}; otherwise start it: a standby is cloned, and barman takes a base backup`;
    const consequence = `${consumer} cannot go on from where it was`;
    return [error(host, [`${whose} has lost WAL that was needed`, `wal_status is ${wal}`], fix, consequence)];
  }
  const near = wal === "unreserved" ||
    (safeBytes !== null && keptBytes !== null && safeBytes < (safeBytes + keptBytes) * littleLeft);
  if (near) {
    const left = safeBytes === null ? "" : `, ${sizeText(Math.max(0, safeBytes))} more may be written`;
    const fix = active
      ? "see why it reads so slowly: its network, its disk, or a long transaction"
      : `start its consumer; ${drop}`;
    const consequence = `at max_slot_wal_keep_size the WAL goes, and ${consumer} has to begin anew`;
    return [warning(host, [`${whose} is near its bound`, `it keeps ${kept}${left}`], fix, consequence)];
  }
  // one that may have a consumer is given time; barman and standbys come back to theirs
  if (active || (!forNobody && (keptBytes === null || keptBytes < muchKept))) return [];
  const consequence = "its WAL fills the volume, up to max_slot_wal_keep_size";
  return [warning(host, [`${whose} has no consumer`, `it keeps ${kept}`], `start its consumer; ${drop}`, consequence)];
}
