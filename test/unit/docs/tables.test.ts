import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { groups } from "../../../artifacts/table.ts";
import { bundles } from "../../../plan/bringup.ts";
import { socketsOf } from "../../../plan/bundles/compose.ts";
import { directoriesOfPart } from "../../../plan/bundles/part.ts";
import { rawBackup } from "../../support/backup.ts";
import { bundleOf, configOf, hostsOf } from "../../support/cluster.ts";
import { markdownTable, matchSection } from "../../support/snapshot.ts";

const code = (names: readonly string[]) => [...new Set(names)].map((name) => `\`${name}\``).join(", ");

/** The directory of a file, as deep as says whose it is. */
function homeOf(file: string): string {
  const [, top = "", ...below] = path.dirname(file).split("/");
  return `/${[top, ...below.slice(0, top === "etc" ? 1 : 2)].join("/")}/`;
}

describe("docs", () => {
  it("tell what each bundle puts on a host", async () => {
    const hosts = hostsOf();
    const config = configOf({ images: ["pause"], backup: rawBackup, metrics: {} });
    const rows = bundles.map(({ name, audience, parts }) => {
      const [host] = hosts;
      assert.ok(host);
      const bundle = bundleOf(name, { host, hosts, config });
      const files = [...bundle.files, ...bundle.secrets, ...(bundle.downloads ?? [])].map((file) => file.path);
      const written = files.filter((file) => !/^\/(etc\/systemd\/system|usr\/local\/lib\/plinth)\//.test(file));
      const data = parts.flatMap((part) => directoriesOfPart(part, config)).filter(({ atRelease }) => atRelease);
      return [
        `\`${name}\``,
        audience.title,
        code(bundle.units.map((unit) => unit.replace(/\.service$/, ""))),
        code(socketsOf(parts, host, config).map(({ protocol, port }) => `${protocol} ${port}`)),
        code(written.map(homeOf)),
        code(data.filter(({ atRelease }) => atRelease === "purge").map((directory) => directory.path)),
        code(data.filter(({ atRelease }) => atRelease === "keep").map((directory) => directory.path)),
        code([...bundle.packages.map((item) => item.name), ...bundle.binaries.map((item) => item.name)]),
      ];
    });
    const head = [
      "bundle",
      "on",
      "units",
      "ports",
      "files in",
      "deleted at release",
      "kept at release",
      "packages, binaries",
    ];
    await matchSection("hosts.md", "bundles", markdownTable([head, ...rows]));
  });

  it("list every artifact with its default version", () => {
    const text = readFileSync(path.join(import.meta.dirname, "../../../docs/artifacts.md"), "utf8");
    const table = text.slice(text.indexOf("## Versions"), text.indexOf("## Sources"));
    const listed = [...table.matchAll(/^\| (`[^|]*?`(?:, `[^|]*?`)*)[^|`]*\| (\S+) +\|/gm)].map(
      ([, names = "", version = ""]) => [
        ...names
          .split(", ")
          .map((name) => name.replaceAll("`", ""))
          .sort(),
        version,
      ],
    );
    const expected = groups.map(({ artifacts, version }) => [...artifacts.map(({ name }) => name).sort(), version]);
    assert.deepEqual(listed.map(String).sort(), expected.map(String).sort());
  });
});
