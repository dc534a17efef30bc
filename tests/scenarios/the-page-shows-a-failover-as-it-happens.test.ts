// Promise: an open page tells a reader live what happens while the primary is being killed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { accessibilityFaults, lookAt, picture, withBrowser } from "../support/browser.ts";
import { firstLevel } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";

const deps = { clock: systemClock };

test("an open page follows a failover: nobody reloads it", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const watched = firstLevel.find((n) => n !== primary)!;
  await withBrowser(async (browser) => {
    const url = `http://${await cluster.address(watched)}:8080/`;
    await lookAt(browser, url, { width: 1440 }, async ({ page, said }) => {
      const headline = async () => (await page.textContent("h1"))!;
      const shows = (what: string, pattern: RegExp, deadlineMs = 60_000) =>
        waitUntil(async () => pattern.test(await headline()), { what, deadlineMs, everyMs: 100, why: () => "" }, deps);
      await shows("the primary", new RegExp(`^${primary} leads; writes are accepted`));
      await picture(page, "live-1-before");
      await cluster.kill(primary);
      await shows("the loss", /no longer leads|is taking over/);
      await picture(page, "live-2-lost");
      const steps = await page.textContent("#story");
      assert.match(steps!, new RegExp(`${primary} no longer leads`));
      await shows("the new primary", new RegExp(`^(?!${primary})\\w+ leads; writes are accepted`));
      await picture(page, "live-3-new");
      let told = "";
      const tells = async () => {
        told = (await page.textContent("#story"))!;
        return new RegExp(`(\\w+) has taken over from ${primary}`).exec(told)?.[1];
      };
      const what = "the story to say which node has taken over";
      const next = await waitUntil(tells, { what, deadlineMs: 60_000, everyMs: 100, why: () => told }, deps);
      assert.equal(await cluster.waitSuccessor(primary), next);
      await cluster.start(primary);
      await shows("the whole cluster", /all 4 standbys stream/, 120_000);
      await picture(page, "live-4-whole");
      assert.deepEqual(said, []);
      assert.deepEqual(await accessibilityFaults(page), []);
    });
  });
  await cluster.waitWhole();
});
