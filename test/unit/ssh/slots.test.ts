import assert from "node:assert/strict";
import { setImmediate as settled } from "node:timers/promises";
import { Slots } from "../../../ssh/slots.ts";

describe("ssh slots", () => {
  const never = new AbortController().signal;

  /** Work that goes on until it is told to end, and what has begun so far. */
  function workers(slots: Slots) {
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const start = (name: string, signal = never): Promise<void> =>
      slots.within(signal, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      });
    return { begun, start, end: (name: string) => ends.get(name)?.() };
  }

  it("lets so many in at a time, in the order in which they came", async () => {
    const { begun, start, end } = workers(new Slots(2));
    const all = ["a", "b", "c", "d"].map((name) => start(name));
    await settled();
    assert.deepEqual(begun, ["a", "b"]);
    end("b");
    await all[1];
    await settled();
    assert.deepEqual(begun, ["a", "b", "c"]);
    end("a");
    end("c");
    await Promise.all([all[0], all[2]]);
    await settled();
    assert.deepEqual(begun, ["a", "b", "c", "d"]);
    end("d");
    await all[3];
  });

  it("gives the place back after a failure", async () => {
    const slots = new Slots(1);
    await assert.rejects(
      slots.within(never, () => Promise.reject(new Error("no"))),
      /no/,
    );
    assert.equal(await slots.within(never, () => Promise.resolve(7)), 7);
  });

  it("forgets who gives up waiting", async () => {
    const { begun, start, end } = workers(new Slots(1));
    const first = start("a");
    const giving = new AbortController();
    const second = start("b", giving.signal);
    const third = start("c");
    giving.abort(new Error("enough"));
    await assert.rejects(second, /enough/);
    end("a");
    await first;
    await settled();
    assert.deepEqual(begun, ["a", "c"]);
    end("c");
    await third;
  });

  it("lets waiting ones in when the limit is raised", async () => {
    const slots = new Slots(1);
    const { begun, start, end } = workers(slots);
    const all = ["a", "b", "c"].map((name) => start(name));
    slots.limit = 3;
    await settled();
    assert.deepEqual(begun, ["a", "b", "c"]);
    for (const name of begun) end(name);
    await Promise.all(all);
  });
});
