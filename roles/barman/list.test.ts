// What can be restored, in words: no time that is shown is one that would be refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderWindows } from "./list.ts";

test("the first moment is rounded up and the last one down, and what is not known is a dash", () => {
  const window = {
    backup: "20261127T203444",
    fromLsn: "0/8000000",
    lastWal: "000000010000000000000009",
    missing: null,
  };
  const [, head = "", first = "", second = ""] = renderWindows(
    [
      { ...window, timeline: 1, fromTime: "2026-11-22 10:15:59.000001+00", toTime: "2026-11-22 11:00:00.999999+00" },
      { ...window, timeline: 2, fromTime: "2026-11-22 11:00:00.000000+00", toTime: null },
    ],
    null,
    null,
  );
  assert.match(head, /from LSN +from time +to WAL file +to time/);
  assert.match(first, /2026-11-22 10:16:00\+00 +000000010000000000000009 +2026-11-22 11:00:00\+00/);
  assert.match(second, /2026-11-22 11:00:00\+00 +000000010000000000000009 +- /);
});

test("a backup that is copied, but without its last WAL, is named as what is waited for", () => {
  assert.deepEqual(renderWindows([], null, null), ["", "nothing can be restored yet"]);
  const [, waits] = renderWindows([], null, "20261127T203444");
  assert.equal(waits, "nothing can be restored yet: backup 20261127T203444 waits for its last WAL file");
});
