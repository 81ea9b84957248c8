import assert from "node:assert/strict";
import fc from "fast-check";
import { parseProbe } from "../../../cli/status/probe.ts";
import { parseDriftLook } from "../../../plan/driftlook.ts";
import { parseFacts } from "../../../plan/facts.ts";
import { parseHostReport } from "../../../plan/hostreport.ts";
import { parseMemberStatus } from "../../../plan/members.ts";
import { parseNodeList } from "../../../plan/nodes.ts";
import { printable } from "../../../plan/printable.ts";

/** Everything that a look at a host may begin a line with. */
const keys = [
  ..."machine-id boot-id hostname kernel arch os systemd uid container uptime own-address time-sync memory-kib".split(
    " ",
  ),
  ..."memory-available-kib swap-kib swap-used-kib disk-free-kib inodes-free claim bundle report report-failed drop-in".split(
    " ",
  ),
  ..."certificate populated listen address command version mount-cgroup cgroup-controllers kernel-feature etcd-data".split(
    " ",
  ),
  ..."etcd-status etcd-status-failed etcd-member etcd-members-failed nodes node clock elapsed __proto__ constructor".split(
    " ",
  ),
];
/** Words that are right somewhere, and words that somebody may try. */
const words = fc.oneof(
  fc.constantFrom(
    "-",
    "0",
    "3",
    "w1",
    "cp1",
    "True",
    "complete",
    "voter",
    "started",
    "tcp",
    "https://192.0.2.11:2380",
    "192.0.2.11",
  ),
  fc.constantFrom(
    "--all",
    "$(reboot)",
    "';reboot;#",
    "\u001b[2J",
    "\u202e",
    "__proto__",
    "%00",
    "%zz",
    "..",
    "1e99",
    "9".repeat(400),
  ),
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", "")),
  fc.json(),
);
const look = fc
  .array(fc.tuple(fc.constantFrom(...keys), fc.array(words, { maxLength: 8 })), { maxLength: 12 })
  .map((lines) => ["plinth-facts 1", ...lines.map(([key, rest]) => [key, ...rest].join(" ")), "end", ""].join("\n"));

/** Whether text can be shown as it is. */
const isPlain = (text: string): boolean => text === printable(text);

/** All text in what was read, the names of fields too. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [key, ...texts(inner)])
    : [];
}

describe("what hosts and the cluster tell", () => {
  const parsers = { parseFacts, parseDriftLook, parseProbe };
  for (const [name, parse] of Object.entries(parsers)) {
    it(`is refused by ${name} with one sentence that can be shown, or holds nothing that cannot`, () => {
      fc.assert(
        fc.property(look, (text) => {
          try {
            for (const found of texts(parse(text))) assert.ok(isPlain(found), JSON.stringify(found));
          } catch (error) {
            if (error instanceof assert.AssertionError) throw error;
            assert.ok(error instanceof Error);
            assert.match(error.message, /makes no sense|could not be compared/);
            assert.ok(isPlain(error.message), JSON.stringify(error.message));
          }
        }),
        { numRuns: 2000 },
      );
    });
  }

  for (const [name, parse] of Object.entries({ parseHostReport, parseMemberStatus, parseNodeList })) {
    it(`is refused by ${name} with one sentence, whatever it is`, () => {
      fc.assert(
        fc.property(fc.oneof(fc.json(), fc.string({ unit: "binary" })), (text) => {
          assert.throws(() => parse(text), /makes no sense/);
        }),
      );
    });
  }

  it("has nothing of a prototype", () => {
    const { bundles } = parseFacts("plinth-facts 1\nbundle constructor 3 complete\nend\n");
    assert.deepEqual(Object.keys(bundles), ["constructor"]);
    assert.equal(Object.getPrototypeOf(bundles), Object.prototype);
  });
});
