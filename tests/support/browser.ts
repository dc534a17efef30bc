// A real browser: Debian's chromium in a container on this machine's network, told what to do by playwright.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import { prefix } from "./cluster.ts";
import { docker, logsOf } from "./docker.ts";

const image = "postdock-test/browser";

/** Where screenshots go. */
const pictures = join(root, "tests", ".work", "pictures");

/** How a reader looks at a page. */
export interface Look {
  width: number;
  dark?: boolean;
  /** without JavaScript */
  plain?: boolean;
}

/** A page that is being looked at, with everything that its console has said. */
export interface Looked {
  page: Page;
  said: readonly string[];
}

/** Starts the browser and uses it; the image is built if something in it has changed. */
export async function withBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  await docker(["build", "--quiet", "--tag", image, join(root, "tests/support/browser")], 600_000);
  const name = `${prefix}-browser`;
  await docker(["rm", "--force", name]).catch(() => {}); // of an interrupted run
  await docker(["run", "--detach", "--name", name, "--network", "host", "--memory", "1g", image]);
  try {
    const listening = /DevTools listening on (ws:\S+)/;
    const url = await waitUntil(async () => listening.exec(await logsOf(name))?.[1], {
      what: "the browser to listen",
      deadlineMs: 60_000,
    }, { clock: systemClock });
    const browser = await chromium.connectOverCDP(url, { timeout: 60_000 });
    try {
      await use(browser);
    } finally {
      await browser.close();
    }
  } finally {
    await docker(["rm", "--force", name]);
  }
}

/** Opens a page in a window of its own and uses it. */
export async function lookAt(
  browser: Browser,
  url: string,
  { width, dark = false, plain = false }: Look,
  use: (looked: Looked) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 780 : 900 },
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: !plain,
  });
  try {
    const page = await context.newPage();
    const said: string[] = [];
    page.on("console", (message) => {
      if (message.text().includes(networkChanged)) return; // the page asks again
      if (message.type() === "error" || message.type() === "warning") said.push(message.text());
    });
    page.on("pageerror", (error) => void said.push(String(error)));
    await open(page, url);
    await use({ page, said });
  } finally {
    await context.close();
  }
}

/** Chromium ends whatever it loads when a network of the machine comes or goes, as those of other scenarios do. */
const networkChanged = "ERR_NETWORK_CHANGED";

/** Loads the page. */
async function open(page: Page, url: string): Promise<void> {
  for (let left = 5;; left--) {
    try {
      await page.goto(url, { waitUntil: "load", timeout: 60_000 });
      return;
    } catch (error) {
      if (left === 0 || !String(error).includes(networkChanged)) throw error;
    }
  }
}

/** What axe-core finds wrong for readers with a screen reader, a keyboard or weak eyes. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // as a program of the test, not of the page: the page's policy would refuse a script
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" ").slice(0, 300)}`);
}

/** Whether the page is wider than its window. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth > innerWidth");
}

/** Takes a picture of the whole page. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
