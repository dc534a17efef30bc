// The text of families, as Prometheus reads it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { familiesText } from "./family.ts";

test("a family has its help, its type and its samples; labels are sorted and escaped, odd numbers have their names", () => {
  const text = familiesText([
    {
      name: "a_bytes",
      type: "gauge",
      help: 'Says "A" \\ and\nmore',
      samples: [
        { labels: {}, value: 1.5 },
        { labels: { z: "1", b: 'x"\\\n' }, value: Infinity },
        { labels: { b: "" }, value: NaN },
      ],
    },
    { name: "empty", type: "counter", help: "E", samples: [] },
  ]);
  assert.equal(
    text,
    '# HELP a_bytes Says "A" \\\\ and\\nmore\n# TYPE a_bytes gauge\na_bytes 1.5\n' +
      'a_bytes{b="x\\"\\\\\\n",z="1"} +Inf\na_bytes{b=""} NaN\n',
  );
});
