import assert from "node:assert/strict";
import fc from "fast-check";
import { inOrderOfUse, type Offer, Offers } from "../../../ssh/offers.ts";

describe("keys in the order in which a host is offered them", () => {
  const order = (keys: string[], host: string, taken: Record<string, string>): string[] =>
    inOrderOfUse(keys, (key) => key, host, new Map(Object.entries(taken)));

  it("begin with the one that it took, then those that most others took", () => {
    const taken = { a: "3", b: "2", c: "2", d: "5" };
    assert.deepEqual(order(["1", "2", "3", "4", "5"], "d", taken), ["5", "2", "3", "1", "4"]);
    assert.deepEqual(order(["1", "2", "3", "4", "5"], "new", taken), ["2", "3", "5", "1", "4"]);
  });

  it("are the agent's own order where nothing is known", () => {
    assert.deepEqual(order(["1", "2"], "a", {}), ["1", "2"]);
    assert.deepEqual(order(["1", "2"], "a", { a: "no longer there" }), ["1", "2"]);
  });

  it("are all keys, each once, whatever was taken", () => {
    const name = fc.constantFrom("a", "b", "c", "d");
    fc.assert(
      fc.property(fc.uniqueArray(name), name, fc.dictionary(name, name), (keys, host, taken) => {
        const ordered = order(keys, host, taken);
        assert.deepEqual([...ordered].sort(), [...keys].sort());
        const own = taken[host];
        if (own !== undefined && keys.includes(own)) assert.equal(ordered[0], own);
      }),
    );
  });
});

describe("offers over several connections", () => {
  const offers = (...names: string[]): Offers =>
    new Offers(names.map((description): Offer => ({ description, method: { type: "none", username: "me" } })));

  it("go on where the host ended the connection", () => {
    const list = offers("a", "b", "c");
    list.begin();
    assert.equal(list.next()?.description, "a");
    assert.equal(list.next()?.description, "b");
    assert.equal(list.end(true), "more", "the host said that b was the last one it hears");
    list.begin();
    assert.equal(list.next()?.description, "c");
    assert.equal(list.end(true), "refused");
  });

  it("repeat the one that got no answer, and say when nothing was learnt", () => {
    const list = offers("a", "b");
    list.begin();
    list.next();
    list.next();
    assert.equal(list.end(false), "more");
    list.begin();
    assert.equal(list.next()?.description, "b");
    assert.equal(list.end(false), "unknown");
  });

  it("come to an end with any host: at last one is taken, or all are refused", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 2, max: 7 }),
        fc.option(fc.integer({ min: 0, max: 11 })),
        fc.boolean(),
        (count, tries, right, told) => {
          const list = offers(...Array.from({ length: count }, (_, index) => String(index)));
          const expected = right !== null && right < count ? String(right) : undefined;
          let connections = 0;
          let taken: string | undefined;
          let end = "more";
          while (end === "more") {
            connections++;
            list.begin();
            end = "";
            for (let refused = 0; end === ""; refused++) {
              if (refused === tries) {
                end = list.end(told);
                break;
              }
              const offer = list.next();
              if (offer === undefined) end = "refused";
              else if (offer.description === expected) {
                taken = expected;
                end = "taken";
              }
            }
          }
          assert.equal(taken, expected);
          assert.equal(end, expected === undefined ? "refused" : "taken");
          assert.ok(connections <= Math.ceil(count / (tries - 1)));
        },
      ),
    );
  });
});
