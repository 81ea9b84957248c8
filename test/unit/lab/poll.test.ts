import assert from "node:assert/strict";
import { eachLimited, poll } from "../../../lab/poll.ts";

describe("lab: waiting", () => {
  it("asks until there is an answer, and at least once", async () => {
    let asked = 0;
    assert.equal(await poll(10, () => Promise.resolve(++asked === 3 ? "yes" : undefined), 1), "yes");
    assert.equal(await poll(0, () => Promise.resolve("at once")), "at once");
    const never: string | undefined = await poll(0, () => Promise.resolve<string | undefined>(undefined));
    assert.equal(never, undefined);
  });

  it("does no more at a time than it may, and everything in spite of an error", async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    const work = async (item: number): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((next) => setImmediate(next));
      running--;
      if (item % 3 === 0) throw new Error(`item ${item}`);
      done.push(item);
    };
    await assert.rejects(eachLimited([1, 2, 3, 4, 5, 6, 7], 2, work), { message: "item 3\nitem 6" });
    assert.deepEqual(done, [1, 2, 4, 5, 7]);
    assert.equal(most, 2);
    await eachLimited([], 2, work);
  });
});
