// PURE: settings that CONSISTENCY cannot keep its promise with. They are refused, because PostgreSQL would accept them and
// lose acknowledged commits without a message.
import type { ConfigProblem } from "./env.ts";
import type { Setting } from "./list-syntax.ts";

export interface DurabilityConfig {
  consistency: "eventual" | "partially-strict" | "strict";
  useSlots: boolean;
  /** PARTNER_NODES */
  partners: readonly string[];
}

/** From this many partners on, a commit in strict mode waits for two standbys or more. */
const partnersWithTwoAcknowledgements = 4;

/** Values of synchronous_commit (manual, 19.5.1) that do not wait until a standby has flushed the commit. */
const neverWaits = ["off", "local"];
const waitsForNoFlush = [...neverWaits, "remote_write"];

/** The problems between CONSISTENCY and the settings in CONFIGS. */
export function durabilityProblems(config: DurabilityConfig, settings: readonly Setting[]): ConfigProblem[] {
  if (config.consistency === "eventual") return [];
  const strict = config.consistency === "strict";
  const problems = settings.flatMap((s) => breaksConsistency(s, config.consistency) ?? []).map((
    { name, value, why },
  ) => ({
    variable: "CONFIGS",
    message: `CONFIGS sets ${name} to ${value}, and CONSISTENCY is ${config.consistency}: ${why}`,
    fix: `remove ${name} from CONFIGS, or set CONSISTENCY=eventual`,
  }));
  if (strict && !config.useSlots && config.partners.length >= partnersWithTwoAcknowledgements) {
    problems.push({
      variable: "USE_REPLICATION_SLOTS",
      message:
        `USE_REPLICATION_SLOTS is 0, CONSISTENCY is strict, and PARTNER_NODES has ${config.partners.length} nodes: ` +
        "PostgreSQL counts a standby that reconnects as two acknowledgements",
      fix: "set USE_REPLICATION_SLOTS=1: only one connection can use a slot",
    });
  }
  return problems;
}

/** Why this mode cannot keep its promise with this setting; null if it can. */
export function breaksConsistency(
  { name, value }: Setting,
  mode: DurabilityConfig["consistency"],
): { name: string; value: string; why: string } | null {
  if (mode === "eventual") return null;
  const strict = mode === "strict";
  const setting = name.toLowerCase();
  const word = wordOf(value);
  if (setting === "synchronous_commit" && (strict ? waitsForNoFlush : neverWaits).includes(word)) {
    return { name: setting, value: word, why: "commits would not wait until a standby has flushed them" };
  }
  if (strict && (setting === "fsync" || setting === "full_page_writes") && word === "off") {
    return { name: setting, value: word, why: "a crash of the machine could lose or damage what was acknowledged" };
  }
  return null;
}

/** A value without quotes; the spellings of false that PostgreSQL accepts (manual, 19.1.1) as "off". */
export function wordOf(value: string): string {
  const word = value.trim().replace(/^'(.*)'$/, "$1").toLowerCase();
  const isFalse = word !== "" && ["off", "false", "no", "0"].some((w) => w.startsWith(word) && !(word === "o"));
  return isFalse ? "off" : word;
}
