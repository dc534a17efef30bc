// PURE: the table from message to fix as Markdown, docs/messages.md.
import { exampleHost, remedyExamples } from "./remedy-examples.ts";
import { remedyFor } from "./remedy.ts";

/** The whole page. */
export function renderMessages(): string {
  return [
    "# What PostgreSQL says, and what to do",
    "",
    "PostDock finds such a line in the log of the server, of initdb, pg_basebackup, pg_rewind or repmgr. It names the line",
    "and the fix in `/status`, `postdock cluster show`, `postdock cluster doctor`, and when a container ends. The names in",
    `this list are examples; the node concerned is ${exampleHost}. For symptoms see [troubleshooting](troubleshooting.md).`,
    "",
    ...remedyExamples.map((message) => `- \`${message}\`\\\n  ${remedyFor(message, { host: exampleHost })}`),
    "",
  ].join("\n");
}
