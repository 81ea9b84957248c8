import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { postNotice } from "../../../../cli/notices/post.ts";
import { noticeSchema } from "../../../../plan/notices/notice.ts";
import { noticesSchema, type NoticesSettings } from "../../../../plan/notices/settings.ts";
import { noticeOf } from "./support.ts";

describe("the webhook of notices", function () {
  this.timeout(60_000);
  let server: Server;
  let url: string;
  let got: { request: IncomingMessage; body: string }[];
  let answer: (response: ServerResponse, count: number) => void;
  const settings = (more: object = {}): NoticesSettings => noticesSchema.parse({ url, ...more });

  beforeEach(async () => {
    got = [];
    answer = (response) => void response.writeHead(200).end("ok");
    server = createServer((request, response) => {
      void text(request).then((body) => {
        got.push({ request, body });
        answer(response, got.length);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/secret-path`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  it("gets the whole document, once, with the headers that were asked for", async () => {
    const notice = noticeOf();
    assert.equal(await postNotice(settings({ headers: { Authorization: "Bearer abc" } }), notice), undefined);
    assert.equal(got.length, 1);
    const [{ request, body } = { request: undefined, body: "" }] = got;
    assert.deepEqual(noticeSchema.strict().parse(JSON.parse(body)), notice);
    assert.equal(request?.method, "POST");
    assert.equal(request.url, "/services/secret-path");
    assert.equal(request.headers["content-type"], "application/json");
    assert.equal(request.headers.authorization, "Bearer abc");
  });

  it("gets the text alone where a chat takes nothing else", async () => {
    const notice = noticeOf();
    assert.equal(await postNotice(settings({ format: "text" }), notice), undefined);
    assert.deepEqual(
      got.map(({ body }) => JSON.parse(body) as unknown),
      [{ text: notice.text }],
    );
  });

  it("gets the same again when it was busy, and not when it refuses", async () => {
    answer = (response, count) => void response.writeHead(count === 1 ? 503 : 200).end();
    assert.equal(await postNotice(settings(), noticeOf()), undefined);
    assert.equal(got.length, 2);
    assert.equal(got[0]?.body, got[1]?.body);
    for (const status of [400, 404, 302]) {
      got = [];
      answer = (response) => void response.writeHead(status, { location: "/elsewhere" }).end();
      assert.equal(await postNotice(settings(), noticeOf()), `it answered ${status}`);
      assert.equal(got.length, 1);
    }
    got = [];
    answer = (response) => void response.writeHead(429).end();
    assert.equal(await postNotice(settings(), noticeOf()), "it answered 429");
    assert.equal(got.length, 3);
  });

  it("is given up when it does not answer in time, or is not there, in words that do not tell its address", async () => {
    answer = () => undefined;
    assert.equal(await postNotice(settings(), noticeOf(), { patience: 300 }), "it did not answer within 0.3 s");
    got = [];
    // Once it was busy, and then nothing.
    answer = (response, count) => {
      if (count === 1) response.writeHead(500).end();
    };
    assert.equal(await postNotice(settings(), noticeOf(), { patience: 1500 }), "it answered 500");
    const gone = settings();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    const reason = await postNotice(gone, noticeOf(), { patience: 5000 });
    assert.equal(reason, "it cannot be reached (ECONNREFUSED)");
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  it("is not waited for because it says more than anybody reads", async () => {
    answer = (response) => {
      response.writeHead(200);
      response.write("x".repeat(100_000));
    };
    assert.equal(await postNotice(settings(), noticeOf(), { patience: 5000 }), undefined);
  });
});
