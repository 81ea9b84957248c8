import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

/** How a page is looked at. */
export interface Viewing {
  scheme?: "light" | "dark";
  /** Of the window, in CSS pixels. */
  width?: number;
  height?: number;
}

/** How every page has to be readable. */
export const viewings: readonly (readonly [string, Viewing])[] = [
  ["light", { height: 1250 }],
  ["dark", { scheme: "dark" }],
  ["phone", { width: 390, height: 844 }],
  ["phone, dark", { scheme: "dark", width: 390, height: 844 }],
];

/** Headless Chromium of the distribution, which `./plinth test` installs. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env["PLINTH_CHROMIUM"];
  assert.ok(executablePath !== undefined, "PLINTH_CHROMIUM names the browser: run ./plinth test pages");
  // Whatever a page might ask for elsewhere has no address.
  const args = ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"];
  return chromium.launch({ executablePath, args });
}

/** A page of the browser that is watched: what it complains about, and whom it asks. */
export class WatchedPage {
  readonly page: Page;
  readonly complaints: string[] = [];
  readonly asked: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("request", (request) => this.asked.push(request.url()));
  }

  static async open(browser: Browser, { scheme = "light", width = 1200, height = 900 }: Viewing): Promise<WatchedPage> {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height } });
    return new WatchedPage(context, await context.newPage());
  }

  /** Fails where the page has complained, or has asked anybody but the one who serves it. */
  check(address: string): void {
    assert.deepEqual(this.complaints, []);
    const elsewhere = this.asked.filter((url) => !url.startsWith(address) && !url.startsWith("data:"));
    assert.deepEqual(elsewhere, []);
  }

  /** Whether everything is inside of the window: nobody scrolls sideways to read. */
  async fits(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  }

  /**
   * Keeps a picture for the documentation, where PLINTH_SCREENSHOTS names a folder.
   *
   * @param place of the page, as a selector. Default: what the window shows.
   */
  async picture(name: string, place?: string): Promise<void> {
    const folder = process.env["PLINTH_SCREENSHOTS"];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    await (place === undefined ? this.page.screenshot({ path }) : this.page.locator(place).screenshot({ path }));
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
