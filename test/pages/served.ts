import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Feed } from "../../cli/dashboard/feed.ts";
import { PageServer } from "../../cli/dashboard/server.ts";

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
