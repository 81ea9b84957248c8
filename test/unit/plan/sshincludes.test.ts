import assert from "node:assert/strict";
import { OperatorSsh } from "../../../plan/operatorssh.ts";
import { includePatterns, withIncludes } from "../../../plan/sshincludes.ts";

describe("files that an operator's ssh_config includes", () => {
  const files: Record<string, string[]> = {
    "conf.d/*": ["Host cp1\n  User root\n", "Host 10.0.0.*\n  Port 2222\n"],
    plain: ["Port 22022\n"],
    circle: ["Include circle\n"],
    none: [],
  };
  const read = (pattern: string) => Promise.resolve(files[pattern] ?? []);
  const parsed = async (text: string) => new OperatorSsh(await withIncludes(text, read));

  it("are read in the place of the line, each before what follows", async () => {
    const operator = await parsed('Include "conf.d/*" none\nUser admin\nHost cp*\n  IdentityFile ~/.ssh/cp\n');
    assert.equal(operator.of("cp1").user, "root");
    assert.deepEqual(operator.of("cp1").identityFiles, ["~/.ssh/cp"]);
    const worker = operator.of("w1", "10.0.0.7");
    assert.deepEqual([worker.user, worker.port], ["admin", 2222]);
  });

  it("count for the hosts of the section that includes them", async () => {
    const operator = await parsed("Host cp*\n  Include plain\n  User admin\n");
    assert.deepEqual([operator.of("cp1").port, operator.of("cp1").user], [22022, "admin"]);
    assert.equal(operator.of("w1").port, undefined);
  });

  it("may have sections in a section for all hosts, which goes on behind them", async () => {
    const operator = await parsed("Host *\n  Include conf.d/*\n  User admin\n");
    assert.deepEqual([operator.of("cp1").user, operator.of("w1").user], ["root", "admin"]);
  });

  it("are refused where one text cannot say what they mean", async () => {
    await assert.rejects(
      parsed("Host cp*\n  Include conf.d/*\n"),
      /"Host cp\*" includes conf.d\/\*.*above all sections/,
    );
    await assert.rejects(parsed("Include circle\n"), /more than 16 deep/);
  });

  it("are words, quoted where they have spaces", () => {
    assert.deepEqual(includePatterns('a "b c" ~/d/*'), ["a", "b c", "~/d/*"]);
  });
});
