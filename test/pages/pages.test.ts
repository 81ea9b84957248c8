import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { writePage } from "../../cli/dashboard/file.ts";
import { findProcess } from "../../cli/process/identity.ts";
import { runsFolder } from "../../cli/runs/store.ts";
import type { Host } from "../../plan/inventory.ts";
import type { RunEvent } from "../../plan/runs/event.ts";
import { runName, streamOf } from "../../plan/runs/retention.ts";
import { fleet, observationOf, rollEvents, statusText, withoutPower } from "../support/dashboard.ts";
import { openBrowser, viewings, WatchedPage, type Viewing } from "../support/browser.ts";
import { ServedPage } from "./served.ts";

const healthy = "Everything is healthy.";
/** Texts of hosts that would hurt, were they read as HTML. */
const evil = '<script>window.hurt = 1</script><img src="x" onerror="window.hurt = 1">';

describe("the page in a browser", function () {
  let browser: Browser;
  let served: ServedPage;
  let watched: WatchedPage | undefined;

  before(async () => {
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
  });
  beforeEach(() => {
    served = new ServedPage();
  });
  afterEach(async () => {
    await watched?.close();
    watched = undefined;
    await served.stop();
  });

  async function look(viewing: Viewing, text: string): Promise<WatchedPage> {
    watched = await WatchedPage.open(browser, viewing);
    await watched.page.goto(served.address);
    await watched.page.getByText(text).first().waitFor();
    await watched.page.locator("#connection", { hasText: "live" }).waitFor();
    return watched;
  }

  /** Puts a roll into the project that goes on as long as this process does. Returns what tells more of it. */
  function roll(hosts: readonly Host[]): (event: RunEvent) => void {
    const self = { pid: process.pid, startTicks: findProcess(process.pid)?.startTicks ?? "" };
    const folder = runsFolder({ workDir: served.workDir }, "demo");
    const path = join(folder, streamOf(runName(Date.now(), process.pid, "up")));
    const write = (event: RunEvent): void => {
      writeFileSync(path, `${JSON.stringify(event)}\n`, { flag: "a" });
    };
    mkdirSync(folder, { recursive: true });
    rollEvents(hosts, self, Date.now() - 90_000).forEach(write);
    return write;
  }

  for (const [name, viewing] of viewings) {
    it(`shows five healthy hosts: ${name}`, async () => {
      const hosts = fleet(5);
      await served.start(statusText(hosts, observationOf(hosts, Date.now())));
      const { page, asked } = await look(viewing, healthy);
      assert.equal(await page.locator(".tile").count(), 5);
      assert.ok(await watched?.fits());
      watched?.check(served.address);
      assert.ok(asked.length > 3, "what it asks for is seen");
    });

    it(`shows a dead host: ${name}`, async () => {
      const hosts = fleet(5);
      await served.start(statusText(hosts, withoutPower(hosts, "cp3", Date.now())));
      const { page } = await look(viewing, "cannot be reached: no route to host");
      assert.equal(await page.locator(".tile.down").count(), 1);
      assert.ok((await page.locator("details#host-cp3").getAttribute("open")) !== null);
      assert.ok(await watched?.fits());
      watched?.check(served.address);
    });

    it(`shows a roll while it goes on: ${name}`, async () => {
      const hosts = fleet(5);
      const write = roll(hosts);
      await served.start(statusText(hosts, withoutPower(hosts, "cp2", Date.now())));
      const { page } = await look(viewing, "update etcd on cp2, wave 3");
      await page.getByText("etcd on cp3 waits for apiserver on cp2").waitFor();
      assert.equal(await page.locator(".tile.changing").count(), 1);
      assert.equal(await page.locator(".plan .change.running").count(), 1);
      assert.ok(await watched?.fits());
      const step = { id: 3, op: "update", what: "etcd", host: "cp2" };
      write({ type: "step-end", at: Date.now(), ...step, duration: 35_000, failed: false });
      await page.locator(".plan .change.running").waitFor({ state: "detached" });
      watched?.check(served.address);
    });

    it(`shows 500 hosts: ${name}`, async () => {
      const hosts = fleet(500);
      await served.start(statusText(hosts, observationOf(hosts, Date.now())));
      const { page } = await look(viewing, healthy);
      assert.equal(await page.locator(".tile").count(), 500);
      assert.ok(await watched?.fits());
      watched?.check(served.address);
      const [bytes, milliseconds] = await page.evaluate(() => {
        const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
        return [navigation?.decodedBodySize ?? 0, navigation?.loadEventEnd ?? 0];
      });
      console.log(`      500 hosts: ${Math.round(bytes / 1024)} KiB, loaded in ${Math.round(milliseconds)} ms`);
      if (name === "light") await watched?.picture("dashboard-500-hosts");
    });
  }

  it("is used by keyboard: from host to host, into one, and to the search", async () => {
    const hosts = fleet(65);
    await served.start(statusText(hosts, observationOf(hosts, Date.now())));
    const { page } = await look({}, healthy);
    const focused = (): Promise<string | null> =>
      page.evaluate(() => document.activeElement?.getAttribute("data-host") ?? null);
    await page.locator('.tile[data-host="cp1"]').focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await focused(), "w1");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await focused(), "cp1");
    await page.keyboard.press("End");
    assert.equal(await focused(), await page.locator(".tile").last().getAttribute("data-host"));
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    assert.notEqual(await focused(), "cp1");
    await page.keyboard.press("Enter");
    await page.locator("details.host[open]").waitFor();
    assert.equal(await page.locator('.tile[tabindex="0"]').count(), 1, "one tile can be reached by Tab");
    await page.keyboard.press("/");
    await page.keyboard.type("control-plane leader");
    assert.deepEqual(
      await page.locator(".tile:visible").evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute("data-host"))),
      ["cp1", "cp2"],
    );
    watched?.check(served.address);
  });

  it("keeps what somebody has opened and where the focus is when something new is drawn", async () => {
    const hosts = fleet(5);
    const write = roll(hosts);
    await served.start(statusText(hosts, observationOf(hosts, Date.now())));
    const { page } = await look({}, "update etcd on cp2, wave 3");
    await page.locator("details#host-w2 summary").click();
    write({ type: "step-begin", at: Date.now(), id: 9, op: "update", what: "kubelet", host: "w1", wave: 3 });
    await page.locator(".tile.changing", { hasText: "w1" }).waitFor();
    assert.equal(await page.locator("details#host-w2").getAttribute("open"), "");
    assert.equal(await page.evaluate(() => document.activeElement?.parentElement?.id), "host-w2");
  });

  it("shows what hosts say as text, whatever it is", async () => {
    const hosts = fleet(5);
    const seen = observationOf(hosts, Date.now());
    const reading = seen.readings.get("w1");
    assert.ok(reading !== undefined && "probe" in reading && reading.probe.report !== undefined);
    reading.probe.report.bundles = [
      { bundle: evil, generation: 1, state: "failed", reason: evil, units: { [evil]: evil }, drift: [] },
    ];
    await served.start(statusText(hosts, seen));
    const { page } = await look({}, "<script>window.hurt = 1</script>");
    assert.equal(await page.evaluate(() => (window as unknown as { hurt?: number }).hurt), undefined);
    assert.equal(await page.locator("main script, main img").count(), 0);
    watched?.check(served.address);
  });

  it("is a file that works by itself", async () => {
    const hosts = fleet(5);
    await served.start("{}");
    const path = join(served.workDir, "status.html");
    writePage(
      path,
      { dir: served.workDir, workDir: served.workDir },
      "demo",
      JSON.parse(statusText(hosts, withoutPower(hosts, "cp3", Date.now()))) as Record<string, unknown>,
    );
    const address = pathToFileURL(path).href;
    watched = await WatchedPage.open(browser, { width: 390, height: 844 });
    await watched.page.goto(address);
    await watched.page.getByText("cannot be reached: no route to host").first().waitFor();
    await watched.page.locator("#filter").fill("cp3");
    assert.equal(await watched.page.locator(".tile:visible").count(), 1);
    assert.ok(await watched.fits());
    watched.check(address);
  });
});
