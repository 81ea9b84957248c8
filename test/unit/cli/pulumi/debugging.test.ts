import assert from "node:assert/strict";
import { withoutDebugMessages, withoutStackTraces } from "../../../../cli/pulumi/debugging.ts";

describe("what the SDK does for its own debugging", () => {
  const limit = Error.stackTraceLimit;
  afterEach(() => {
    delete process.env["PLINTH_DEBUG"];
    assert.equal(Error.stackTraceLimit, limit);
  });

  const frames = (error: Error): number => (error.stack ?? "").split("\n").filter((line) => /^ +at /.test(line)).length;

  it("leaves out stack traces while a program runs, and takes them again behind it", async () => {
    assert.equal(await withoutStackTraces(() => Promise.resolve(frames(new Error("inside")))), 0);
    assert.ok(frames(new Error("behind")) > 0);
    await assert.rejects(
      withoutStackTraces(() => Promise.reject(new Error("failed"))),
      /failed/,
    );
    assert.ok(frames(new Error("behind a failure")) > 0);
  });

  it("takes stack traces for a user who is debugging", async () => {
    process.env["PLINTH_DEBUG"] = "1";
    assert.ok((await withoutStackTraces(() => Promise.resolve(frames(new Error("inside"))))) > 0);
  });

  function engine() {
    const sent: number[] = [];
    const client = {
      log(request: { getSeverity(): number }, answered: () => void) {
        sent.push(request.getSeverity());
        answered();
      },
    };
    const say = (severity: number): Promise<void> =>
      new Promise((resolve) => {
        client.log({ getSeverity: () => severity }, resolve);
      });
    return { sent, client: client as never, say };
  }

  it("keeps debugging messages from the engine, answers them, and lets all others through", async () => {
    const { sent, client, say } = engine();
    withoutDebugMessages(client);
    for (const severity of [0, 1, 2, 3]) await say(severity);
    assert.deepEqual(sent, [1, 2, 3]);
  });

  it("lets everything through for a user who is debugging, and does nothing without an engine", async () => {
    process.env["PLINTH_DEBUG"] = "1";
    const { sent, client, say } = engine();
    withoutDebugMessages(client);
    await say(0);
    assert.deepEqual(sent, [0]);
    withoutDebugMessages(undefined);
  });
});
