// What is in an image, and how two builds of it differ.
import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, lockedPackages, parsePackages, type Part, renderSbom } from "./sbom-text.ts";

const deb = (name: string, version: string): Part => ({ kind: "deb", name, version, architecture: "amd64" });

test("parsePackages() takes what is installed, not what only left its configuration", () => {
  const text = "bash 5.2.37-2 amd64 ii \nold 1 all rc \nlibc6 2.41-12 amd64 ii \n";
  assert.deepEqual(parsePackages(text), [deb("bash", "5.2.37-2"), deb("libc6", "2.41-12")]);
  assert.throws(() => parsePackages("bash\n"), /dpkg-query printed "bash"/);
});

test("lockedPackages() follows what each package needs, once", () => {
  const npm = {
    "a@1.0.0": { dependencies: ["@s/b", "c@2.0.0"] },
    "@s/b@3.0.0": { dependencies: ["c@2.0.0"] },
    "c@2.0.0": {},
    "unused@9.0.0": {},
  };
  assert.deepEqual(lockedPackages(["npm:a@1.0.0"], { npm }).map((p) => `${p.name} ${p.version}`), [
    "a 1.0.0",
    "@s/b 3.0.0",
    "c 2.0.0",
  ]);
  assert.throws(() => lockedPackages(["npm:z@1.0.0"], { npm }), /deno.lock has no z@1.0.0/);
});

test("renderSbom() is CycloneDX with a package URL for each part, in one order", () => {
  const parts: Part[] = [{ kind: "npm", name: "@s/b", version: "3.0.0" }, deb("libstdc++6", "1:14.2-19")];
  const text = renderSbom({ name: "postdock/postgres", version: "2.0" }, parts, { commit: "abc" });
  assert.equal(text, renderSbom({ name: "postdock/postgres", version: "2.0" }, parts.toReversed(), { commit: "abc" }));
  const { bomFormat, components, metadata } = JSON.parse(text);
  assert.equal(bomFormat, "CycloneDX");
  assert.deepEqual(components.map((c: { purl: string }) => c.purl), [
    "pkg:deb/debian/libstdc%2B%2B6@1%3A14.2-19?arch=amd64",
    "pkg:npm/%40s/b@3.0.0",
  ]);
  assert.deepEqual(metadata.properties, [{ name: "postdock:commit", value: "abc" }]);
});

test("difference() names what came, what went and what changed", () => {
  assert.deepEqual(difference([deb("a", "1"), deb("b", "1")], [deb("b", "2"), deb("c", "1")]), [
    "deb a: 1, now absent",
    "deb b: 1, now 2",
    "deb c: absent, now 1",
  ]);
  assert.deepEqual(difference([deb("a", "1")], [deb("a", "1")]), []);
});
