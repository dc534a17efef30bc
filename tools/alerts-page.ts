// PURE: docs/alerts.md as a page of Prometheus (its consoles), to which the links of alerts lead: it is where the alert is, without a
// checkout and without the internet.

const style = "html{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;" +
  "padding:0 1rem}h3{margin-top:2rem}h3:target{outline:2px solid;outline-offset:.4rem}" +
  "code{font:14px ui-monospace,monospace;background:#8883;padding:.1em .3em;overflow-wrap:anywhere}";

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Code as it is, links as their text and the file that is meant: the other pages are not there. */
function inline(text: string): string {
  return escaped(text).split(/(`[^`]+`)/).map((part) =>
    part.startsWith("`")
      ? `<code>${part.slice(1, -1)}</code>`
      : part.replace(/\[([^\]]+)\]\(([^)#]+)[^)]*\)/g, "$1 (docs/$2)").replaceAll("\\", "")
  ).join("");
}

function block(text: string): string {
  const [, marks = "", title = ""] = /^(#+) (.*)$/.exec(text) ?? [];
  if (marks === "") return `<p>${inline(text.replaceAll("\n", " "))}</p>`;
  return `<h${marks.length} id="${title.toLowerCase().replaceAll(" ", "-")}">${inline(title)}</h${marks.length}>`;
}

/** The page. Prometheus reads it as a template: throws if the text has what is one. */
export function renderAlertsPage(markdown: string): string {
  if (markdown.includes("{{")) throw new Error("docs/alerts.md has {{, which Prometheus would replace");
  const blocks = markdown.trim().split(/\n{2,}/).map(block);
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Alerts</title>`;
  return [
    "<!doctype html>",
    "<!-- Made from docs/alerts.md by `deno task docs`; edit that. -->",
    `<html lang="en"><head>${head}<style>${style}</style></head><body>`,
    ...blocks,
    "</body></html>",
    "",
  ].join("\n");
}
