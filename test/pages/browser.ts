import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { Feed } from "../../cli/dashboard/feed.ts";
import { PageServer } from "../../cli/dashboard/server.ts";

/** How a page is looked at. */
export interface Viewing {
  scheme?: "light" | "dark";
  /** Of the window, in CSS pixels. */
  width?: number;
  height?: number;
}

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

/** The page of `dashboard`, served as it is to everybody, from a status that a test says. */
export class ServedPage {
  readonly workDir = mkdtempSync(join(tmpdir(), "plinth-pages-"));
  address = "";
  #feed: Feed | undefined;
  #server: PageServer | undefined;

  /** @param status as `status --json` prints it. */
  async start(status: string): Promise<void> {
    const program = join(this.workDir, "status.mjs");
    writeFileSync(program, `console.log(${JSON.stringify(status)}); process.stdin.resume();`);
    this.#feed = new Feed({ project: { dir: this.workDir, workDir: this.workDir }, stack: "demo", every: 1, program });
    this.#server = new PageServer("demo", this.#feed);
    this.address = await this.#server.listen(0);
    const looked = new Promise<void>((resolve) => this.#feed?.listen(resolve));
    this.#feed.start();
    // The first answer has what status has told.
    await looked;
  }

  async stop(): Promise<void> {
    await this.#feed?.stop();
    await this.#server?.close();
    rmSync(this.workDir, { recursive: true });
  }
}
