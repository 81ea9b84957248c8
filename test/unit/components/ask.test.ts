import assert from "node:assert/strict";
import { askAsRoot, UnfinishedAnswer } from "../../../components/host/ask.ts";
import { readHost } from "../../../components/host/reader.ts";
import { longestLook } from "../../../plan/look.ts";
import { SshError, type ExecOptions, type ExecResult } from "../../../ssh/index.ts";

const target = { host: "192.0.2.21" };

/** A host that never comes to an end: it says something now and then, until its channel is closed. */
const endless = (says: string) => ({
  exec: (_target: unknown, _command: string, { signal, onSend, onStdout }: ExecOptions = {}) =>
    new Promise<ExecResult>((_resolve, reject) => {
      onSend?.();
      const talk = setInterval(() => onStdout?.(says), 1);
      signal?.addEventListener("abort", () => {
        clearInterval(talk);
        reject(new SshError("interrupted", "192.0.2.21", "interrupted before the remote command ended."));
      });
    }),
});

describe("a question to a host", () => {
  it("has an end, whatever the host does", async () => {
    await assert.rejects(askAsRoot(target, "", { seconds: 0.05 }, endless("")), (error) => {
      assert.ok(error instanceof UnfinishedAnswer);
      assert.equal(error.message, "no answer within 0.05 s");
      return true;
    });
    const long = "x".repeat(longestLook / 4);
    await assert.rejects(askAsRoot(target, "", { seconds: 60 }, endless(long)), /longer than 8 Mi characters/);
  });

  it("makes a reading of it", async () => {
    const reading = await readHost(target, "", endless("x".repeat(longestLook)));
    assert.deepEqual(reading, { failure: "garbled", message: "the answer of the host is longer than 8 Mi characters" });
  });

  it("is interrupted by who asks as before", async () => {
    const signal = AbortSignal.timeout(20);
    await assert.rejects(askAsRoot(target, "", { seconds: 60, signal }, endless("")), /interrupted before/);
  });

  it("has time while it waits for its turn", async () => {
    const late = {
      exec: async (_target: unknown, _command: string, { onSend }: ExecOptions = {}) => {
        await new Promise((resolve) => setTimeout(resolve, 80));
        onSend?.();
        return { code: 0, signal: null, stdout: "done", stderr: "" };
      },
    };
    assert.equal((await askAsRoot(target, "", { seconds: 0.05 }, late)).stdout, "done");
  });
});
