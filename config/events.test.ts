// ON_EVENT's variables: the forms of a command, the kinds, and refusals that do not repeat what may be a secret.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./env.ts";
import { eventVariables } from "./events.ts";

const read = (environment: Record<string, string>) =>
  readConfig(eventVariables, { environment, readFile: () => "a-key-from-a-file" });
const config = (environment: Record<string, string>) => {
  const result = read(environment);
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
};

test("without variables nothing is sent", () => {
  const { onEventCommand, onEventSecret, onEventUrl } = config({});
  assert.deepEqual({ onEventCommand, onEventSecret, onEventUrl }, {
    onEventCommand: null,
    onEventSecret: "",
    onEventUrl: null,
  });
});

test("a command is words, or a list in JSON; a key may be in a file", () => {
  assert.deepEqual(config({ ON_EVENT_COMMAND: " /usr/bin/notify  -p 1" }).onEventCommand, [
    "/usr/bin/notify",
    "-p",
    "1",
  ]);
  assert.deepEqual(config({ ON_EVENT_COMMAND: '["/bin/sh", "-c", "cat | wc"]' }).onEventCommand, [
    "/bin/sh",
    "-c",
    "cat | wc",
  ]);
  assert.equal(config({ ON_EVENT_SECRET_FILE: "/run/secrets/key" }).onEventSecret, "a-key-from-a-file");
});

test("kinds are taken in any case and order", () => {
  assert.deepEqual(config({ ON_EVENT_KINDS: "Drill, promotion" }).onEventKinds, ["promotion", "drill"]);
});

test("a refusal names what is wrong, and repeats neither the address nor the key", () => {
  const told = (environment: Record<string, string>) => {
    const result = read(environment);
    return result.ok ? "" : result.problems.map((p) => p.message).join();
  };
  assert.match(told({ ON_EVENT_KINDS: "promotion,fences" }), /ON_EVENT_KINDS.*has "fences", which is not a kind/);
  const address = told({ ON_EVENT_URL: "http://me:token@hooks/T0/topsecret" });
  assert.match(address, /ON_EVENT_URL.*has a user or password/);
  assert.ok(!/token|topsecret/.test(address), address);
  assert.match(told({ ON_EVENT_SECRET: "short" }), /ON_EVENT_SECRET.*has fewer than 16 characters/);
  assert.match(told({ ON_EVENT_COMMAND: "/notify | cat" }), /a character of a shell/);
});
