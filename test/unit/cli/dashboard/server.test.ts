import assert from "node:assert/strict";
import { once } from "node:events";
import { get, request, type IncomingMessage } from "node:http";
import { isForUs, isToken, PageServer } from "../../../../cli/dashboard/server.ts";
import { el, type Element } from "../../../../cli/dashboard/view/tree.ts";

/** What a page shows, as a test says. */
class Shown {
  #text = "first";
  #listeners = new Set<() => void>();
  more = true;

  sections = (): Map<string, Element> => {
    const summary = el("section", { id: "summary" }, this.#text);
    return new Map([["summary", summary], ...(this.more ? [["run", el("p", { id: "run" }, "a run")] as const] : [])]);
  };

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  change(text: string): void {
    this.#text = text;
    for (const listener of this.#listeners) listener();
  }
}

describe("the server of the page", () => {
  let shown: Shown;
  let server: PageServer;
  let address: string;

  beforeEach(async () => {
    shown = new Shown();
    server = new PageServer("demo", shown);
    address = await server.listen(0);
  });
  afterEach(async () => {
    await server.close();
  });

  async function ask(path: string, options: { method?: string; host?: string } = {}) {
    const { method = "GET", host } = options;
    const url = new URL(path, address);
    const sent = request(url, { method, agent: false, ...(host === undefined ? {} : { headers: { host } }) }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
    return { status: response.statusCode, headers: response.headers, text };
  }

  it("has a long random token in its address, on loopback", async () => {
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/$/);
    const other = new PageServer("demo", shown);
    const elsewhere = await other.listen(0);
    await other.close();
    assert.notEqual(address.split("/")[3], elsewhere.split("/")[3]);
  });

  it("shows the page to whoever knows the address, and nothing to others", async () => {
    const page = await ask(address);
    assert.equal(page.status, 200);
    assert.match(page.text, /first/);
    for (const path of ["/", "/x/", `/${"A".repeat(43)}/`, "/page.css", "/favicon.ico", `${address}../`]) {
      const { status, text } = await ask(path);
      assert.equal(status, 404, path);
      assert.ok(!text.includes("first"));
    }
    assert.equal((await ask(`${address}no-such-file`)).status, 404);
    assert.equal((await ask(`${address}page.css/more`)).status, 404);
  });

  it("refuses who was led here by another name", async () => {
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1"])
      assert.equal((await ask(address, { host })).status, 403, host);
    for (const host of ["localhost:8080", "127.0.0.1:8080", "LOCALHOST"])
      assert.equal((await ask(address, { host })).status, 200, host);
    assert.deepEqual([isForUs(undefined), isForUs("")], [false, false]);
  });

  it("is for reading only", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const { status, headers } = await ask(address, { method });
      assert.deepEqual([status, headers.allow], [405, "GET, HEAD"]);
    }
    const head = await ask(address, { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""]);
  });

  it("lets a browser take nothing from elsewhere, keep nothing, and tell nobody", async () => {
    for (const path of [address, `${address}live.js`, "/x"]) {
      const { headers } = await ask(path);
      assert.match(String(headers["content-security-policy"]), /default-src 'none'.*frame-ancestors 'none'/);
      assert.ok(!String(headers["content-security-policy"]).includes("unsafe"));
      assert.equal(headers["cache-control"], "no-store");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["x-content-type-options"], "nosniff");
    }
  });

  it("has every file that the page asks for, and they ask for nothing else", async () => {
    const { text } = await ask(address);
    const files = [...text.matchAll(/(?:src|href)="([\w.]+)"/g)].map(([, file = ""]) => file);
    assert.deepEqual(files.sort(), ["live.js", "page.css", "page.js"]);
    for (const file of [...files, "preact.js"]) assert.equal((await ask(`${address}${file}`)).status, 200, file);
    const imported = (await ask(`${address}live.js`)).text.match(/from "(.*)"/)?.[1];
    assert.equal(imported, "./preact.js");
    const preact = (await ask(`${address}preact.js`)).text;
    assert.ok(!/\bimport\b|sourceMappingURL/.test(preact), "preact is one module");
  });

  it("tells a browser what has changed, and no more", async () => {
    const stream = get(`${address}events`, { agent: false });
    const [response] = (await once(stream, "response")) as [IncomingMessage];
    assert.match(String(response.headers["content-type"]), /^text\/event-stream/);
    const events = response.setEncoding("utf8")[Symbol.asyncIterator]() as AsyncIterator<string>;
    const next = async (): Promise<unknown> => {
      const { value } = (await events.next()) as { value: string };
      assert.match(value, /^data: .*\n\n$/);
      return JSON.parse(value.slice("data: ".length));
    };
    assert.deepEqual(await next(), {
      summary: ["section", { id: "summary" }, "first"],
      run: ["p", { id: "run" }, "a run"],
    });
    shown.change("first");
    shown.change("second");
    assert.deepEqual(await next(), { summary: ["section", { id: "summary" }, "second"] });
    shown.more = false;
    shown.change("second");
    assert.deepEqual(await next(), { run: null });
    stream.destroy();
  });

  it("compares tokens as a whole", () => {
    assert.deepEqual(
      [isToken("abc", "abc"), isToken("abd", "abc"), isToken("", "abc"), isToken("ab", "abc")],
      [...[true, false, false, false]],
    );
  });
});
