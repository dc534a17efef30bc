// PURE: metrics whose values come from elsewhere, as families of samples, and their text in the Prometheus exposition format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).

export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface Family {
  name: string;
  help: string;
  type: "gauge" | "counter" | "untyped";
  samples: readonly Sample[];
}

/** A family of one value; what is not known has no sample. */
export function familyOf(
  name: string,
  type: Family["type"],
  help: string,
  value: number | boolean | null,
  labels: Sample["labels"] = {},
): Family {
  return { name, type, help, samples: value === null ? [] : [{ labels, value: Number(value) }] };
}

/** The text of families; a family without samples is left out, and the labels of a sample are sorted. */
export function familiesText(families: readonly Family[]): string {
  return families.filter(({ samples }) => samples.length > 0).map(familyText).join("");
}

function familyText({ name, help, type, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${valueText(value)}\n`);
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsText(labels: Sample["labels"]): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return "";
  return `{${names.map((name) => `${name}="${escaped(labels[name]!).replaceAll('"', '\\"')}"`).join(",")}}`;
}

const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
