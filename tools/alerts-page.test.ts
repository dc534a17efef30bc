// The page to which the links of alerts lead: each section has its place, what is to be typed stays as it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderAlertsPage } from "./alerts-page.ts";

test("a section has the place that a link names, and code stays as it is typed", () => {
  const page = renderAlertsPage(
    "# Alerts\n\n### PostDockNoPrimary\n\nType `select a\n< 'b'`, see [backup](backup.md#x).\n",
  );
  assert.match(page, /<h3 id="postdocknoprimary">PostDockNoPrimary<\/h3>/);
  assert.match(page, /<p>Type <code>select a &lt; 'b'<\/code>, see backup \(docs\/backup\.md\)\.<\/p>/);
});

test("what Prometheus would replace is refused", () => {
  assert.throws(() => renderAlertsPage("{{ $labels.node }}"), /which Prometheus would replace/);
});
