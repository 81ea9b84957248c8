import { Command } from "commander";
import type { StackInput } from "../project/inventory.ts";
import type { Terminal } from "../render/terminal.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function artifactsCommand(): Command {
  return new Command("artifacts")
    .description("get every binary, image archive and script that the hosts of a stack fetch, and say where they are")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .option("--update", "record in plinth.lock.json what they are, and get them whatever it says now")
    .option("--no-site", "with --update: leave out what only this site has, which other machines do not build alike")
    .option("--sbom [file]", "print, or write to this file, what hosts run as a CycloneDX document")
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth artifacts --stack prod", "fill the cache before going where there is no network"],
          ["./plinth artifacts --stack prod --update", "take over new digests; commit plinth.lock.json"],
          ["./plinth artifacts --stack prod --sbom prod.cdx.json", "name every binary, with its digest and modules"],
        ]),
        exitCodesHelp([
          [Exit.done, "everything is in the cache"],
          [Exit.failed, "something could neither be downloaded nor built, or is not what plinth.lock.json says"],
          [Exit.badInput, "there is no such stack, or its input is not valid"],
        ]),
      ].join("\n"),
    )
    .action(artifacts);
}

interface ArtifactsOptions {
  stack: string;
  json?: boolean;
  update?: boolean;
  site: boolean;
  sbom?: true | string;
}

async function artifacts(options: ArtifactsOptions): Promise<void> {
  const { thisProject, requireStack } = await import("../project/project.ts");
  const { openInput } = await import("../session/settings.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const project = thisProject();
  requireStack(project, options.stack);
  const terminal = makeTerminal(options.sbom === true ? { json: true } : options);
  const input = await openInput(project, options.stack, terminal);
  if (options.update === true) {
    const { updateLock } = await import("../supply/locking.ts");
    await updateLock(project, input, terminal, options.site);
  }
  if (options.sbom !== undefined) {
    const { writeSbom } = await import("../supply/sbom.ts");
    await writeSbom(options.stack, input, options.sbom, terminal);
  }
  if (options.update !== true && options.sbom === undefined) await list(input, terminal, options.json === true);
}

async function list(input: StackInput, terminal: Terminal, json: boolean): Promise<void> {
  const { ensure, ensureForHosts, hostArtifacts, pulumiRef } = await import("../supply/needs.ts");
  const { formatTable } = await import("../render/table.ts");
  const pulumi = await pulumiRef();
  const paths = new Map([...(await ensure([pulumi], terminal)), ...(await ensureForHosts(input, terminal))]);
  const refs = [
    pulumi,
    ...hostArtifacts(input),
    ...[...paths.keys()].filter((name) => /^(images|scripts)\//.test(name)).map((name) => ({ name, version: "" })),
  ];
  const rows = refs.map(({ name, version }) => ({ name, version, path: paths.get(name) ?? "" }));
  if (json) terminal.print(JSON.stringify(rows, null, 2));
  else
    for (const line of formatTable(
      rows.map(({ name, version, path }) => [name, version, path]),
      "",
    ))
      terminal.print(line);
}
