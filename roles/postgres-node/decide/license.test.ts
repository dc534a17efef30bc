// Every row of the table that decides about read-write, and what holds for all of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideLicense, type LicenseView } from "./license.ts";

const held: LicenseView = {
  role: "primary",
  everHadMajority: true,
  secondLevel: false,
  leaseInForce: true,
  held: true,
};
const rows: [string, Partial<LicenseView>, "held" | "missing" | "not-needed"][] = [
  ["the holder may", {}, "held"],
  ["without the lease it may not", { held: false }, "missing"],
  ["before a majority has joined it needs none", { everHadMajority: false, held: false }, "not-needed"],
  ["before that it needs none, even if it holds one", { everHadMajority: false }, "not-needed"],
  ["with QUORUM=off or two voters it needs none", { leaseInForce: false, held: false }, "not-needed"],
  ["a node of the second level never may", { secondLevel: true, leaseInForce: false }, "missing"],
  [
    "a standby may not, although its marker comes later",
    { role: "standby", everHadMajority: false, held: false },
    "missing",
  ],
  [
    "a primary before the first majority goes on, whichever node has the lease",
    { everHadMajority: false, held: false },
    "not-needed",
  ],
];
for (const [name, change, license] of rows) {
  test(name, () => assert.equal(decideLicense({ ...held, ...change }).license, license));
}

test("where a lease is in force and a majority has joined, only the holder may", () => {
  const views = fc.record({
    role: fc.constantFrom("primary" as const, "standby" as const, "none" as const, "unknown" as const),
    everHadMajority: fc.boolean(),
    secondLevel: fc.boolean(),
    leaseInForce: fc.boolean(),
    held: fc.boolean(),
  });
  fc.assert(fc.property(views, (view) => {
    const { license, because } = decideLicense(view);
    if (view.everHadMajority && view.leaseInForce && !view.held) assert.equal(license, "missing");
    if (license === "held") assert.ok(view.held && !view.secondLevel);
    assert.notEqual(because, "");
  }));
});
