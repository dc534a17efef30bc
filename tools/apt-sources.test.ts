import assert from "node:assert/strict";
import { test } from "node:test";
import { debianSources, parseAptSources, renderAptSource } from "./apt-sources.ts";

test("parseAptSources() reads deb822 stanzas and one-line entries, and skips other archives' suites", () => {
  const text = [
    "Types: deb",
    "URIs: http://mirror.example/debian",
    "Suites: bookworm bookworm-updates",
    "Components: main",
    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
    "",
    "deb [signed-by=/k.gpg] http://mirror.example/debian-security bookworm-security main",
    "deb http://other.example/sdk sdk main",
  ].join("\n");
  const { main, security } = debianSources(parseAptSources(text));
  assert.equal(main?.uri, "http://mirror.example/debian");
  assert.equal(main?.signedBy, "/usr/share/keyrings/debian-archive-keyring.gpg");
  assert.deepEqual(security, {
    uri: "http://mirror.example/debian-security",
    suites: ["bookworm-security"],
    signedBy: "/k.gpg",
  });
});

test("renderAptSource() names the other suite and nothing of the old one", () => {
  const source = { uri: "http://mirror.example/debian", suites: ["bookworm"], signedBy: null };
  const text = renderAptSource(source, ["trixie", "trixie-updates"]);
  assert.match(text, /^Suites: trixie trixie-updates$/m);
  assert.doesNotMatch(text, /bookworm|Signed-By/);
});
