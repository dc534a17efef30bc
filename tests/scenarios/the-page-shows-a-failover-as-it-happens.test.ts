// Promise: the page at / tells a reader what is, what happens and what to do: in every state, on a phone and on a wide screen, in
// light and dark, without JavaScript and to a screen reader; and live, while the primary is being killed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { pageOf, partsOf, policy } from "../../cli/map/page.tsx";
import { addPage } from "../../core/http/page.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { serve } from "../../core/http/serve.ts";
import { accessibilityFaults, lookAt, overflows, picture, withBrowser } from "../support/browser.ts";
import { firstLevel } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { views } from "../support/map-views.ts";
import { moreViews } from "../support/more-map-views.ts";

const deps = { clock: systemClock };
const port = 18_931;
const states = { ...views, ...moreViews };

/** Every state as a page of its own, as a container would serve it. */
function everyState(): Hono {
  const app = new Hono();
  for (const [name, view] of Object.entries(states)) {
    const parts = () => Promise.resolve(partsOf(view()));
    const one = new Hono();
    addPage(one, { page: async () => pageOf(await parts()), parts, policy }, () => null);
    app.route(`/${name}`, one);
    app.get(`/${name}/`, (c) => one.request("/", c.req.raw));
  }
  return app;
}

test("in every state the page can be read, wide and narrow, light and dark, by eye and by ear", async () => {
  const faults: string[] = [];
  const listener = await serve(everyState(), { port });
  try {
    await withBrowser(async (browser) => {
      for (const name of Object.keys(states)) {
        // one palette has the same contrast at each width
        for (const [width, dark] of [[360, true], [1440, false]] as const) {
          await lookAt(browser, `http://127.0.0.1:${port}/${name}/`, { width, dark }, async ({ page, said }) => {
            const seen = `${name}-${width}${dark ? "-dark" : ""}`;
            await page.waitForSelector("#live.on", { timeout: 10_000 });
            await picture(page, seen);
            const wide = await overflows(page) ? ["it is wider than its window"] : [];
            faults.push(...[...said, ...wide, ...await accessibilityFaults(page)].map((fault) => `${seen}: ${fault}`));
          });
        }
        await lookAt(browser, `http://127.0.0.1:${port}/${name}/`, { width: 1440, plain: true }, async ({ page }) => {
          assert.match(await page.content(), /<h1>/);
        });
      }
    });
  } finally {
    listener.close();
  }
  assert.deepEqual(faults, []);
});

test("an open page renews what has changed, and keeps what its reader has opened or selected", async () => {
  let now = views.primaryKilled();
  const app = new Hono();
  const parts = () => Promise.resolve(partsOf(now));
  addPage(app, { page: async () => pageOf(await parts()), parts, policy }, () => null);
  const listener = await serve(app, { port });
  try {
    await withBrowser((browser) =>
      lookAt(browser, `http://127.0.0.1:${port}/`, { width: 1440 }, async ({ page, said }) => {
        const shows = (pattern: RegExp) =>
          waitUntil(async () => pattern.test((await page.textContent("h1"))!), {
            what: `${pattern}`,
            deadlineMs: 10_000,
          }, deps);
        await shows(/^pgmaster no longer leads/);
        await page.click("summary");
        now = views.promoting();
        await shows(/^pgslave1 is taking over/);
        assert.equal(await page.isVisible(".todo .fix"), true, "what was opened stays open");
        assert.equal(await page.evaluate("document.activeElement.tagName"), "SUMMARY", "and keeps the focus");
        await page.evaluate("getSelection().selectAllChildren(document.querySelector('#todo details'))");
        const chosen = await page.evaluate("getSelection().toString()");
        now = views.failedOver();
        await shows(/^pgslave1 leads/);
        assert.equal(await page.evaluate("getSelection().toString()"), chosen, "what is selected can be copied");
        await page.evaluate("getSelection().removeAllRanges()");
        await waitUntil(
          async () => /\(1\)/.test((await page.textContent("#todo summary"))!),
          { what: "what doctor finds now", deadlineMs: 5_000 },
          deps,
        );
        assert.equal(await page.title(), "pgslave1 leads; writes are accepted · PostDock");
        assert.deepEqual(said, []);
      })
    );
  } finally {
    listener.close();
  }
});

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
      const next = await waitUntil(tells, { what, deadlineMs: 20_000, everyMs: 100, why: () => told }, deps);
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
