// Promise: the page at / tells a reader what is, what happens and what to do: in every state, on a phone and on a wide screen, in
// light and dark, without JavaScript and to a screen reader.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { pageOf, partsOf, policy } from "../../cli/map/page.tsx";
import { addPage } from "../../core/http/page.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { serve } from "../../core/http/serve.ts";
import { accessibilityFaults, lookAt, overflows, picture, withBrowser } from "../support/browser.ts";
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
            await page.waitForSelector("#live.on", { timeout: 60_000 });
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
            deadlineMs: 60_000,
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
          { what: "what doctor finds now", deadlineMs: 60_000 },
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
