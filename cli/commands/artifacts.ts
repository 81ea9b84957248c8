import { Command } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

export function artifactsCommand(): Command {
  return new Command("artifacts")
    .description("get every binary, image archive and script that the hosts of a stack fetch, and say where they are")
    .addOption(shared.stackOption())
    .addOption(shared.jsonOption())
    .addHelpText(
      "after",
      [
        examplesHelp([["./plinth artifacts --stack prod", "fill the cache before going where there is no network"]]),
        exitCodesHelp([
          [Exit.done, "everything is in the cache"],
          [Exit.failed, "something could neither be downloaded nor built"],
          [Exit.badInput, "there is no such stack, or its input is not valid"],
        ]),
      ].join("\n"),
    )
    .action(artifacts);
}

async function artifacts(options: { stack: string; json?: boolean }): Promise<void> {
  const { thisProject, requireStack } = await import("../project/project.ts");
  const { openInput } = await import("../session/settings.ts");
  const { ensure, ensureForHosts, hostArtifacts, pulumiRef } = await import("../supply/needs.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { formatTable } = await import("../render/table.ts");
  const project = thisProject();
  requireStack(project, options.stack);
  const terminal = makeTerminal(options);
  const input = await openInput(project, options.stack, terminal);
  const pulumi = await pulumiRef();
  const paths = new Map([...(await ensure([pulumi], terminal)), ...(await ensureForHosts(input, terminal))]);
  const refs = [
    pulumi,
    ...hostArtifacts(input),
    ...[...paths.keys()].filter((name) => /^(images|scripts)\//.test(name)).map((name) => ({ name, version: "" })),
  ];
  const rows = refs.map(({ name, version }) => ({ name, version, path: paths.get(name) ?? "" }));
  if (options.json === true) terminal.print(JSON.stringify(rows, null, 2));
  else
    for (const line of formatTable(
      rows.map(({ name, version, path }) => [name, version, path]),
      "",
    ))
      terminal.print(line);
}
