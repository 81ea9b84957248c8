import { Command } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";

export function dashboardsCommand(): Command {
  return new Command("dashboards")
    .description("write dashboards for Grafana as JSON files: cluster, etcd, API, hosts, network, backup, changes")
    .argument("[dir]", "folder for the files, which is made where it is not there", "dashboards")
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth dashboards", "into the folder dashboards"],
          ["./plinth dashboards /etc/grafana/dashboards", "where a Grafana looks for them"],
        ]),
        "",
        "They are the same for every stack: who looks at one chooses the Prometheus. docs/metrics.md says how Grafana gets them.",
        exitCodesHelp([
          [Exit.done, "the files are as they should be; others in the folder are left alone"],
          [Exit.failed, "a file cannot be written"],
        ]),
      ].join("\n"),
    )
    .action(writeDashboards);
}

async function writeDashboards(folder: string): Promise<void> {
  const { renderDashboards } = await import("../../plan/dashboards/index.ts");
  const { writeFiles } = await import("../project/written-files.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { writtenLines } = await import("../render/written.ts");
  const terminal = makeTerminal();
  const files = renderDashboards();
  const changed = await writeFiles(folder, files);
  const paths = files.map(({ path }) => path);
  for (const line of writtenLines(folder, paths, changed)) terminal.print(line);
}
