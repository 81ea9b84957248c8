import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../../../cli/app.ts";
import { home } from "../../../home.ts";
import { allAlerts } from "../../../plan/alerts/index.ts";
import { commandLinesIn, refusalOf } from "../../support/commandlines.ts";
import { markdownTable, matchSection } from "../../support/snapshot.ts";

const folder = join(home, "docs/alerts");
const read = (name: string): string => readFileSync(join(folder, `${name}.md`), "utf8");
const names = allAlerts.map(({ name }) => name);

/** The parts of a page. */
function partsOf(name: string): Record<"meaning" | "look" | "remedy", string> {
  const [, title, meaning = "", look = "", remedy = ""] =
    /^# (.+)\n\n([^#]+)\n\n## Look\n\n([^]+)\n\n## Remedy\n\n([^]+)\n$/.exec(read(name)) ?? [];
  assert.equal(title, name, `${name}: the page has its title, what it means, ## Look and ## Remedy`);
  return { meaning, look, remedy };
}

describe("pages of alerts", () => {
  it("say what it means, where to look, what to do, and which command of Plinth helps", () => {
    for (const name of names) {
      const { meaning, look, remedy } = partsOf(name);
      assert.match(meaning, /^[A-Z][^]*\.$/, `${name}: the meaning is in whole sentences`);
      assert.match(look, /^```sh\n[^]*\n```$/, `${name}: commands to look`);
      assert.match(remedy, /^\S[^]*(\.|```)$/, `${name}: the remedy is in whole sentences`);
      assert.ok(look.includes("./plinth "), `${name}: which command of Plinth helps`);
    }
  });

  it("name commands and options that there are", async () => {
    for (const name of names)
      for (const line of commandLinesIn(read(name)))
        assert.equal(await refusalOf(commandLine(), line), undefined, `${name}: ${line}`);
  });

  it("have a list", async () => {
    const rows = allAlerts.map(({ name, severity, for: after = "at once" }) => {
      const [sentence = ""] = /^[^]+?[.:](?= |$)/.exec(partsOf(name).meaning) ?? [];
      return [`[${name}](alerts/${name}.md)`, severity, after, sentence.replace(/:$/, ".")];
    });
    const head = ["alert", "severity", "after", "what it means"];
    await matchSection("alerts.md", "alerts", markdownTable([head, ...rows]));
  });
});
