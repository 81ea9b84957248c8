import assert from "node:assert/strict";
import { watch } from "../../../../cli/status/watch.ts";

describe("status --watch", () => {
  it("looks again and again, also after a look that failed, until it is ended", async () => {
    const ending = new AbortController();
    const [printed, warned]: [string[], string[]] = [[], []];
    let looks = 0;
    const look = (): Promise<string> => {
      looks += 1;
      return looks === 2 ? Promise.reject(new Error("no route")) : Promise.resolve(`look ${looks}`);
    };
    const print = (text: string): void => {
      printed.push(text);
      if (text === "look 3") ending.abort();
    };
    const terminal = { interactive: false, warn: (line: string) => void warned.push(line) };
    await watch({ look, print, seconds: 0.001, terminal, signal: ending.signal });
    assert.deepEqual([printed, warned], [["look 1", "look 3"], ["this look has failed: no route"]]);
  });

  it("does not wait for a look under way when it is ended", async () => {
    const ending = new AbortController();
    const look = (): Promise<string> => {
      ending.abort();
      return new Promise(() => undefined);
    };
    const terminal = { interactive: false, warn: () => assert.fail("nothing is wrong") };
    await watch({ look, print: () => assert.fail("nothing was seen"), seconds: 1, terminal, signal: ending.signal });
  });
});
