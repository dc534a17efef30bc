// The look at a real machine: ports on each family of addresses, and paths.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { requireFoothold } from "./foothold.ts";

async function listening(host: string, work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen({ port: 0, host }, resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

const needs = (port: number, paths: readonly string[] = []) =>
  requireFoothold({ paths, ports: [{ port, by: "HTTP", change: null }], sshd: false });

for (const host of ["0.0.0.0", "127.0.0.1", "::"]) {
  test(`a port that is taken at ${host} is named so, and one that is free is not`, async () => {
    let free = 0;
    await listening(host, async (port) => {
      free = port;
      await assert.rejects(needs(port), new RegExp(`port ${port}, on which HTTP listens, is taken at ${host}`));
    });
    await needs(free);
  });
}

test("a path that cannot be written is named, also where its directory is not there yet", async () => {
  await assert.rejects(needs(0, ["/dev/null/of/these"]), /\/dev\/null\/of\/these .*/);
  await needs(0, ["/tmp/not/there/yet"]);
});
