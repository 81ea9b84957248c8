import assert from "node:assert/strict";
import {
  answerLines,
  answersDocument,
  asciiJson,
  copyDocument,
  copyLines,
  hostLines,
} from "../../../../cli/render/adhoc.ts";
import { factLines, factsDocument } from "../../../../cli/render/facts.ts";
import { parseFacts, type HostReading } from "../../../../plan/facts.ts";
import type { AdhocAnswer } from "../../../../plan/adhoc/answers.ts";
import { shown } from "../../../../cli/render/terminal.ts";
import { bare } from "../support.ts";

const nothing = { stdout: "", stderr: "", stdoutCut: 0, stderrCut: 0 };
const answer = (host: string, more: Partial<AdhocAnswer> = {}): AdhocAnswer => ({
  ...{ ...nothing, host, outcome: "ended", code: 0 },
  ...more,
});

describe("what hosts answer, as it is shown", () => {
  it("is one block for equal answers", () => {
    const answers: AdhocAnswer[] = [
      answer("cp1", { code: 1, stdout: "a\n\tb\n", stderr: "no\n", stderrCut: 7 }),
      answer("w1", { stdout: "up\n" }),
      answer("w2", { stdout: "up\n" }),
      { host: "w3", outcome: "unreachable", reason: "Host 192.0.2.3: off", ...nothing },
    ];
    assert.deepEqual(answerLines(answers, bare), [
      "w1, w2 (2 hosts): exit code 0",
      "  up",
      "cp1: exit code 1",
      "  a",
      "  \tb",
      "  on standard error:",
      "  no",
      "  … 7 bytes more, which are not kept",
      "w3: unreachable: Host 192.0.2.3: off",
    ]);
  });

  it("holds nothing that a terminal would act on", () => {
    assert.deepEqual(hostLines("a\r\n\u001b[31mred\u001b]0;x\u0007\tb\u202e"), [
      "a",
      "\\x1b[31mred\\x1b]0;x\\x07\tb\\u{202e}",
    ]);
    assert.deepEqual(hostLines(""), []);
    assert.deepEqual(hostLines("\n"), [""]);
  });

  it("is JSON that goes through a terminal's guard as it is", () => {
    const stdout = "\u001b[31m \u009b \u202e ä \u{1f600}\n";
    const head = { stack: "lab", command: ["id"], root: false, exitCode: 0 };
    const text = asciiJson(answersDocument(head, [answer("cp1", { stdout })]));
    assert.equal(shown(text), text);
    assert.deepEqual(JSON.parse(text), {
      ...head,
      hosts: [{ ...answer("cp1", { stdout }), reason: null }],
    });
  });

  it("is a line for each host of a copy", () => {
    const results = [
      { host: "cp1", outcome: "copied" as const },
      { host: "w1", outcome: "unchanged" as const },
      { host: "w2", outcome: "failed" as const, reason: "no room\u001b" },
    ];
    const place = (host: string): string => `out/${host}`;
    assert.deepEqual(copyLines(results, place, bare), [
      "cp1: copied to out/cp1",
      "w1: out/w1 is the same already",
      "w2: failed: no room\\x1b",
    ]);
    assert.deepEqual(copyDocument({ stack: "lab", direction: "get", exitCode: 1 }, results.slice(0, 1), place), {
      ...{ stack: "lab", direction: "get", exitCode: 1 },
      hosts: [{ host: "cp1", outcome: "copied", path: "out/cp1", reason: null }],
    });
  });

  it("tells facts of one host in detail, of several in a table, and why there are none", () => {
    const facts = {
      ...parseFacts("plinth-facts 1\nend\n"),
      ...{
        hostname: "cp1",
        os: "debian 12",
        arch: "amd64",
        kernel: "6.1.0",
        memoryKiB: 4194304,
        memoryAvailableKiB: 524288,
      },
      ...{ diskSizeKiB: { "/var/lib": 10485760 }, diskFreeKiB: { "/var/lib": 5242880 } },
      bundles: { etcd: { generation: 1, state: "complete" as const } },
    };
    const failure: HostReading = { failure: "unreachable", message: "off" };
    const detail = factLines(new Map<string, HostReading>([["cp1", { facts }]]));
    assert.equal(detail[0], "cp1:");
    for (const line of ["  system          debian 12, amd64", "  disks           /var/lib: 5.0 GiB free of 10.0 GiB"])
      assert.ok(detail.includes(line), `${line} in\n${detail.join("\n")}`);
    const readings = new Map<string, HostReading>([
      ["cp1", { facts }],
      ["w1", failure],
    ]);
    assert.deepEqual(factLines(readings), [
      "  host  system     arch   kernel  memory free         disk free  clock  bundles",
      "  cp1   debian 12  amd64  6.1.0   512 MiB of 4.0 GiB  5.0 GiB    -      1 of 1 complete",
      "w1: unreachable: off",
    ]);
    assert.deepEqual(factsDocument("lab", readings), {
      stack: "lab",
      hosts: [
        { host: "cp1", facts },
        { host: "w1", ...failure },
      ],
    });
  });
});
