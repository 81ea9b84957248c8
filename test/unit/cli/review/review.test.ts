import assert from "node:assert/strict";
import path from "node:path";
import { reviewJson } from "../../../../cli/review/json.ts";
import { code, fenced, plain } from "../../../../cli/review/markdown.ts";
import { maskText } from "../../../../cli/review/mask.ts";
import { LIMIT, renderReview } from "../../../../cli/review/render.ts";
import { makeReview, type ReviewInput } from "../../../../cli/review/review.ts";
import { waveLines } from "../../../../cli/review/wave-lines.ts";
import { hostsOf } from "../../../support/cluster.ts";
import { matchSnapshot } from "../../../support/snapshot.ts";
import { keyOf, madeUpDiff, step, texts } from "./support.ts";

const snapshots = path.join(import.meta.dirname, "__snapshots__");
const past = [30_000, 34_000].map((duration) => ({
  ...{ command: "up", result: "done", phases: [] },
  steps: [{ kind: "update controlplane", durations: [duration] }],
}));

function inputOf(extra: Partial<ReviewInput> = {}): ReviewInput {
  const { planned, diagnostics, changes, order, hosts } = madeUpDiff();
  return { stack: "demo", events: { planned, diagnostics, changes }, order, inventory: hosts, past, ...extra };
}

/** A change of everything on many hosts. */
function largeInput(count: number): ReviewInput {
  const hosts = hostsOf(
    Array.from({ length: count }, (_, n) => ({
      name: `cp${n + 1}`,
      address: `192.0.2.${n + 11}`,
      roles: ["etcd", "control-plane", "load-balancer"],
    })),
  );
  const planned = [...texts(hosts)].map(([name, create]) =>
    step("update", name, { before: { create: create.replaceAll("|", "|x") }, after: { create }, paths: ["create"] }),
  );
  const order = planned.map(({ urn }) => ({ key: keyOf(urn.split("::")[3] ?? ""), custom: true, dependsOn: [] }));
  const events = { planned, diagnostics: [], changes: { update: planned.length } };
  return { stack: "demo", events, order, inventory: hosts, past: [] };
}

describe("a review", () => {
  it("of a flag, a host that joins and one that leaves is the one that was read", () => {
    const text = renderReview(makeReview(inputOf()));
    matchSnapshot(path.join(snapshots, "review.md"), text);
    assert.equal(renderReview(makeReview(inputOf())), text, "the same diff gives the same text");
    assert.match(text, /^<!-- plinth-review demo -->\n/);
    assert.doesNotMatch(text, /LOGIN|privateKey/);
    assert.doesNotMatch(text, /[ \t]$/m);
  });

  it("tells a machine the same", () => {
    const json = reviewJson(makeReview(inputOf()));
    assert.deepEqual(
      (json["hosts"] as { name: string; fate: string }[]).map(({ name, fate }) => `${name} ${fate}`),
      ["cp1 changes", "cp2 changes", "cp3 changes", "w3 joins", "w2 leaves"],
    );
    assert.deepEqual((json["duration"] as { milliseconds: number }).milliseconds, 3 * 32_000);
    assert.doesNotMatch(JSON.stringify(json), /LOGIN|privateKey/);
  });

  it("of a refused preview tells rule, hosts, reason and way out, and nothing else", () => {
    const finding = { rule: "etcd-quorum", kind: "guard" as const, hosts: ["cp3"], message: "a | b <c>", remedy: "d" };
    const review = makeReview(inputOf({ findings: [finding] }));
    assert.equal(review.result, "refused");
    const text = renderReview(review);
    assert.match(text, /\| `etcd-quorum` \| cp3 \| a \\\| b &lt;c&gt; \| d \|/);
    assert.doesNotMatch(text, /### Waves|<details>/);
    assert.equal(makeReview(inputOf({ findings: [finding], invalid: true })).result, "invalid");
  });

  it("of a preview that failed, and of one that finds nothing, is a review, too", () => {
    assert.match(renderReview(makeReview(inputOf({ failure: "cp1: no answer\nnext" }))), /> cp1: no answer\n> next/);
    const events = { planned: [], diagnostics: [], changes: { same: 3 } };
    assert.match(renderReview(makeReview(inputOf({ events }))), /Nothing would change\./);
  });

  it("stays within a comment, whatever its size, and says what was left out and how to see it", function () {
    this.timeout(60_000);
    for (const count of [3, 12]) {
      const review = makeReview(largeInput(count));
      for (const limit of [LIMIT, 20_000, 3_000]) {
        const text = renderReview(review, limit);
        assert.ok(text.length <= limit, `${count} hosts: ${text.length} of ${limit}`);
        assert.match(text, /\.\/plinth preview --stack demo --diff/);
        assert.equal((text.match(/<details>/g) ?? []).length, (text.match(/<\/details>/g) ?? []).length);
        assert.equal((text.match(/^```/gm) ?? []).length % 2, 0);
      }
    }
  });

  it("leaves out what another host shows first, and what is new before what changes", () => {
    const full = renderReview(makeReview(inputOf()), 1_000_000);
    const text = renderReview(makeReview(inputOf()), 12_000);
    assert.ok(full.length > 12_000);
    assert.match(text, /--goaway-chance=0\.002/);
    assert.match(text, /: as on `cp1`/);
    assert.match(text, /kubelet\.service` \(added\): \d+ lines, left out/);
  });

  it("waves show up in a preview, too", () => {
    const { planned, order, hosts } = madeUpDiff();
    const lines = waveLines(
      { planned },
      order,
      hosts.map(({ name }) => name),
    );
    assert.match(
      lines[0] ?? "",
      /^Wave 1: claim on w3 \(claims the host\); controlplane on cp1 \(restarts kube-apiserver\.service\)/,
    );
    assert.match(lines.at(-1) ?? "", /^Wave \d+: claim on w2 \(cleaned up/);
  });
});

describe("Markdown of a review", () => {
  it("is safe from what it shows", () => {
    assert.equal(plain("a <b> | `c` @team #12 x\ny"), "a &lt;b&gt; \\| \\`c\\` @<!-- -->team #<!-- -->12 x<br>y");
    assert.equal(code("a`b"), "``a`b``");
    assert.deepEqual(fenced(["x ```` y"], "diff"), ["`````diff", "x ```` y", "`````"]);
    assert.deepEqual(fenced(["x"], "diff"), ["```diff", "x", "```"]);
  });

  it("never holds what looks like a key, a token or a password", () => {
    const key = [
      "+|-----BEGIN EC PRIVATE KEY-----",
      "+|MHcCAQEEIE",
      "+|abc=",
      "+|-----END EC PRIVATE KEY-----",
      " |next",
    ];
    assert.equal(
      maskText(key.join("\n")),
      ["+|[secret]", "+|[secret]", "+|[secret]", "+|[secret]", " |next"].join("\n"),
    );
    assert.equal(maskText(`+|${"aB3/".repeat(16)}`), "+|[secret]");
    for (const secret of [
      "token: abcdefghijkl",
      "PASSWORD=hunter2hunter2",
      "https://user:hunter2@host/",
      "abc123.0123456789abcdef",
      `ghp_${"a1".repeat(15)}`,
      "Authorization: Bearer abcdefghijklmnop",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    ]) {
      const masked = maskText(secret);
      assert.match(masked, /\[secret\]/, secret);
      assert.doesNotMatch(masked, /hunter2|abcdefghijkl|0123456789abcdef|c2lnbmF0dXJl|a1a1/, masked);
    }
  });

  it("keeps what only resembles one", () => {
    const keep = [
      "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
      "automountServiceAccountToken: false",
      `binary etcd 3.6.14 ${"0a".repeat(32)} http://192.0.2.5:8410/etcd`,
      "tokenFile: /var/run/token",
      "token: /var/run/token",
      'resources: ["secrets", "configmaps"]',
      "kube-apiserver.service, metrics-server.kube-system.svc",
      "ETCD_INITIAL_CLUSTER=cp1=https://192.0.2.11:2380",
    ].join("\n");
    assert.equal(maskText(keep), keep);
    const bundles = [...texts(madeUpDiff().hosts).values()].join("\n");
    assert.equal(maskText(bundles), bundles, "nothing in a bundle is secret");
  });
});
