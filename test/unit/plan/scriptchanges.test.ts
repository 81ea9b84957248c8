import assert from "node:assert/strict";
import { compareBundles, unifiedDiff } from "../../../plan/bundlechanges.ts";
import { renderClaim } from "../../../plan/claim.ts";
import { changedScripts, withScripts } from "../../../plan/scriptchanges.ts";

const [old, now, lost] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)] as const;
const contents: Record<string, string> = {
  [old]: "#!/bin/sh\necho one\necho two\n",
  [now]: "#!/bin/sh\necho one\necho three\n",
};
const texts = ({ sha256 }: { sha256: string }): string | undefined => contents[sha256];

const bundle = (...lines: string[]): string =>
  ["plinth-bundle 1", "bundle demo", "generation 1", ...lines, "unit a.service", "end", ""].join("\n");
const fetched = (sha256: string): string =>
  `download /usr/local/lib/plinth/tool 0755 root:root ${sha256} http://192.0.2.5/scripts/tool/${sha256} restart=a.service`;
const inline = [
  "file /usr/local/lib/plinth/tool 0755 root:root restart=a.service",
  "|#!/bin/sh",
  "|echo one",
  "|echo two",
];

describe("changes of scripts that are named by digest", () => {
  it("show the changed lines of a bundle's script, and what it restarts", () => {
    const [before, after] = [bundle(fetched(old)), bundle(fetched(now))];
    assert.deepEqual(changedScripts(before, after), [
      { name: "tool", sha256: old },
      { name: "tool", sha256: now },
    ]);
    const shown = withScripts(before, after, texts);
    const changes = compareBundles(shown.before, shown.after);
    assert.deepEqual(changes?.files[0]?.diff, [
      "@@ -1,3 +1,3 @@",
      " #!/bin/sh",
      " echo one",
      "-echo two",
      "+echo three",
    ]);
    assert.deepEqual(changes.restarted, ["a.service"]);
  });

  it("say so where the text that a host has is not known", () => {
    const shown = withScripts(bundle(fetched(lost)), bundle(fetched(now)), texts);
    const diff = compareBundles(shown.before, shown.after)?.files[0]?.diff.join("\n") ?? "";
    assert.match(diff, /\+\(which lines change cannot be told: the text with the digest c{64} is not known here\)/);
    assert.doesNotMatch(diff, /echo/);
  });

  it("leave texts alone where no script changes", () => {
    const same = bundle(fetched(lost));
    assert.deepEqual(changedScripts(same, same), []);
    assert.deepEqual(withScripts(same, same, texts), { before: same, after: same });
  });

  it("compare with what earlier releases wrote into the text", () => {
    const shown = withScripts(bundle(...inline), bundle(fetched(now)), texts);
    const changes = compareBundles(shown.before, shown.after);
    assert.deepEqual(changes?.files[0]?.diff.slice(-2), ["-echo two", "+echo three"]);
    // The same text is the same file to the host: nothing restarts.
    const taken = withScripts(bundle(...inline), bundle(fetched(old)), texts);
    const none = compareBundles(taken.before, taken.after);
    assert.deepEqual([none?.files, none?.restarted], [[], []]);
  });

  it("show the changed lines of the host script in a claim, also against a claim that held it", () => {
    const claim = (sha256: string): string =>
      renderClaim({ sha256, url: `http://192.0.2.5/scripts/plinth-host/${sha256}` }, 7);
    const diffOf = (before: string, after: string): string[] => {
      const shown = withScripts(before, after, texts);
      return unifiedDiff(shown.before, shown.after, 0).filter((line) => line.startsWith("-|") || line.startsWith("+|"));
    };
    assert.deepEqual(diffOf(claim(old), claim(now)), ["-|echo two", "+|echo three"]);
    const earlier = `cat <<'END_OF_PLINTH_TEXT' | /bin/sh -c 'install' || exit\n${contents[old] ?? ""}END_OF_PLINTH_TEXT\n{ echo generation 7; cat; } | /usr/local/lib/plinth/plinth-host claim\n`;
    assert.deepEqual(diffOf(earlier, claim(now)), ["-|echo two", "+|echo three"]);
  });
});
