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
  const problems = settings.flatMap((setting) => refused(setting, strict)).map(({ name, value, why, fix }) => ({
    variable: "CONFIGS",
    message: `CONFIGS sets ${name} to ${value}, and CONSISTENCY is ${config.consistency}: ${why}`,
    fix,
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

function refused({ name, value }: Setting, strict: boolean) {
  const setting = name.toLowerCase();
  const word = wordOf(value);
  const fix = `remove ${setting} from CONFIGS, or set CONSISTENCY=eventual`;
  if (setting === "synchronous_commit" && (strict ? waitsForNoFlush : neverWaits).includes(word)) {
    return [{ name: setting, value: word, why: "commits would not wait until a standby has flushed them", fix }];
  }
  if (strict && (setting === "fsync" || setting === "full_page_writes") && word === "off") {
    return [{
      name: setting,
      value: word,
      why: "a crash of the machine could lose or damage what was acknowledged",
      fix,
    }];
  }
  return [];
}

/** A value without quotes; the spellings of false that PostgreSQL accepts (manual, 19.1.1) as "off". */
function wordOf(value: string): string {
  const word = value.trim().replace(/^'(.*)'$/, "$1").toLowerCase();
  const isFalse = word !== "" && ["off", "false", "no", "0"].some((w) => w.startsWith(word) && !(word === "o"));
  return isFalse ? "off" : word;
}
