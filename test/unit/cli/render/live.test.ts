import assert from "node:assert/strict";
import { above, aside, LiveLines } from "../../../../cli/render/live.ts";

/** A screen that knows what a terminal is told by us: text, cursor up, first column, clear to the end. */
class Screen {
  columns = 40;
  rows = 5;
  #lines: string[] = [""];
  #row = 0;

  readonly write = (text: string): boolean => {
    for (const [, up, column, clear, end, plain] of text
      .replaceAll("\u001b", "ESC")
      .matchAll(/ESC\[(\d+)A|ESC\[(\d+)G|ESC\[(0)?J|(\n)|((?:(?!ESC)[^\n])+)/g)) {
      if (up !== undefined) this.#row -= Number(up);
      else if (column !== undefined) continue;
      else if (end !== undefined) {
        this.#row += 1;
        this.#lines[this.#row] ??= "";
      } else if (plain !== undefined) this.#lines[this.#row] = (this.#lines[this.#row] ?? "") + plain;
      else {
        assert.ok(clear === undefined || clear === "0");
        this.#lines = [...this.#lines.slice(0, this.#row), ""];
      }
    }
    return true;
  };

  get text(): string[] {
    return this.#lines.slice(0, -1);
  }
}

describe("lines that are drawn anew", () => {
  let screen: Screen;
  let live: LiveLines;
  beforeEach(() => {
    screen = new Screen();
    live = new LiveLines(screen);
  });
  afterEach(() => {
    live.show([]);
  });

  it("replace each other, below what is written meanwhile", () => {
    screen.write("before\n");
    live.show(["one", "two"]);
    assert.deepEqual(screen.text, ["before", "one", "two"]);
    above(() => void screen.write("  + created etcd on cp1\n"));
    assert.deepEqual(screen.text, ["before", "  + created etcd on cp1", "one", "two"]);
    live.show(["three"]);
    assert.deepEqual(screen.text, ["before", "  + created etcd on cp1", "three"]);
    live.show([]);
    assert.deepEqual(screen.text, ["before", "  + created etcd on cp1"]);
    above(() => void screen.write("after\n"));
    assert.deepEqual(screen.text, ["before", "  + created etcd on cp1", "after"]);
  });

  it("are those of one at a time: what another has drawn goes", () => {
    const other = new LiveLines(screen);
    live.show(["one", "two"]);
    other.show(["three"]);
    assert.deepEqual(screen.text, ["three"]);
    other.show([]);
    assert.deepEqual(screen.text, []);
  });

  it("are away while somebody is asked something", async () => {
    live.show(["one"]);
    await aside(() => {
      assert.deepEqual(screen.text, []);
      live.show(["two"]);
      assert.deepEqual(screen.text, []);
      return Promise.resolve();
    });
    live.show(["three"]);
    assert.deepEqual(screen.text, ["three"]);
  });

  it("know how large the terminal is", () => {
    assert.deepEqual([live.columns, live.rows], [39, 4]);
    screen.columns = 0;
    assert.equal(live.columns, 79);
  });
});
