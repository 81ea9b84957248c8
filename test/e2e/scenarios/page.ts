import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import type { Browser } from "playwright-core";
import { openBrowser, viewings, WatchedPage, type Viewing } from "../../support/browser.ts";
import { killAll, sees } from "../support/kill.ts";
import { finish, type Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

const served = /The page of stack "lab" is at (\S+)/;
/** A look takes as long as `status`, and a host without power is waited for. */
const look = { timeout: 180_000 };

/** The page of `dashboard` in a browser, while things happen to a real cluster, which has to be there. */
export function shownOnAPage(project: Project): void {
  describe("the page of a cluster", () => {
    let browser: Browser;
    let dashboard: ChildProcess;
    let address = "";

    before(async () => {
      browser = await openBrowser();
      dashboard = project.start("dashboard", "--every", "5");
      dashboard.stdout?.on("data", (chunk: Buffer) => {
        address ||= served.exec(chunk.toString())?.[1] ?? "";
      });
      await sees(dashboard, served);
    });
    after(async () => {
      await browser.close();
      killAll(dashboard);
    });

    /** Opens the page in all ways, one after the other, and expects that it complains of nothing and asks nobody else. */
    async function seen(judge: (page: WatchedPage, name: string) => Promise<void>): Promise<void> {
      for (const [name, viewing] of viewings) await viewed(viewing, (page) => judge(page, name));
    }

    async function viewed(viewing: Viewing, judge: (page: WatchedPage) => Promise<void>): Promise<void> {
      const watched = await WatchedPage.open(browser, viewing);
      try {
        await watched.page.goto(address);
        await watched.page.locator("#connection", { hasText: "live" }).waitFor(look);
        await judge(watched);
        assert.ok(await watched.fits());
        watched.check(address);
      } finally {
        await watched.close();
      }
    }

    it("shows hosts that are well", async () => {
      await healthy(project);
      await seen(async (watched, name) => {
        await watched.page.getByText("Everything is healthy.").first().waitFor(look);
        assert.equal(await watched.page.locator(".tile").count(), 5);
        if (name === "light" || name === "dark") await watched.picture(`dashboard-healthy-${name}`);
        if (name === "light") await watched.picture("dashboard-certificates", "#certificates");
      });
    });

    it("shows a roll while it goes on, and its end", async () => {
      project.configure("apiserverArgs", "{ goaway-chance: '0.003' }");
      const up = project.start("up", "--yes");
      const done = finish(up);
      await viewed({ height: 1250 }, async (watched) => {
        await watched.page.locator(".tile.changing").first().waitFor(look);
        await watched.page.locator(".plan .change.running").first().waitFor(look);
        await watched.picture("dashboard-roll-light");
        await viewed({ width: 390, height: 844 }, (phone) => phone.picture("dashboard-roll-phone"));
        const { code, text } = await done;
        assert.equal(code, 0, text);
        await watched.page
          .locator(".tile.changing")
          .first()
          .waitFor({ ...look, state: "detached" });
        assert.equal(await watched.page.locator(".plan .change.running").count(), 0);
      });
    });

    it("shows a host without power", async () => {
      await project.expect(0, "lab", "kill", "cp3");
      await seen(async (watched, name) => {
        await watched.page.locator('.tile.down[data-host="cp3"]').waitFor(look);
        assert.equal(await watched.page.locator(".tile.down").count(), 1);
        assert.ok((await watched.page.locator("details#host-cp3").getAttribute("open")) !== null);
        if (name === "light") await watched.picture("dashboard-dead-host");
      });
      await project.expect(0, "lab", "start", "cp3");
      await healthy(project);
    });
  });
}
