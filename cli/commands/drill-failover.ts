import { Command, InvalidArgumentError, Option } from "commander";
import { defaultMaxGap } from "../../plan/failover/clients.ts";
import { drillSeconds } from "../../plan/failover/hosts.ts";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface FailoverOptions {
  stack: string;
  seconds: number;
  maxGap: number;
  yes?: boolean;
  json?: boolean;
}

const help = [
  "\nStops etcd, the Kubernetes API and its controllers, and the load balancer of one control-plane host, and asks the API meanwhile, as clients",
  "do. Pods run on. The host itself starts the services again, also when this machine is lost or this command is killed; Ctrl-C starts them",
  "at once. Without a HOST it is the one that has the virtual IP.",
  examplesHelp([
    ["./plinth drill failover", "say what would be stopped and for how long, ask, do it"],
    ["./plinth drill failover cp2 --seconds 120 --yes", "two minutes without cp2, without a question"],
  ]),
  exitCodesHelp([
    [Exit.done, "clients had no longer gap than --max-gap, and the host is back"],
    [Exit.failed, "a longer gap, or something is not back; or it was not asked for"],
    [Exit.badInput, "command line not valid, no such stack or host, or nobody to ask and no --yes"],
    [Exit.refused, "nobody would take over, or something is not well already; nothing was stopped"],
    [Exit.interrupted, "interrupted; the services were started again"],
  ]),
].join("\n");

/** No drill is longer with all that comes after it. */
const longestGap = 600;

/** A whole number of seconds within bounds. */
function wholeSeconds(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number of seconds from ${least} to ${most}.`);
  };
}

/** `drill failover`. */
export function drillFailoverCommand(): Command {
  const { least, most } = drillSeconds;
  return new Command("failover")
    .description("take the services of one control-plane host away for a while, and tell the gap that clients saw")
    .argument("[host]", "the control-plane host; none: the one that has the virtual IP")
    .addOption(shared.stackOption())
    .addOption(
      new Option("--seconds <number>", `for how long, from ${least} to ${most}`)
        .default(drillSeconds.default)
        .argParser(wholeSeconds(least, most)),
    )
    .addOption(
      new Option("--max-gap <seconds>", "how long clients may be without a good answer")
        .default(defaultMaxGap)
        .argParser(wholeSeconds(1, longestGap)),
    )
    .addOption(new Option("-y, --yes", "do not ask; needed where there is no terminal"))
    .addOption(shared.jsonOption())
    .addHelpText("after", help)
    .action(failover);
}

async function failover(host: string | undefined, options: FailoverOptions): Promise<void> {
  const { openStack, requireSomebodyToAsk } = await import("../session/opening.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal(options);
  requireSomebodyToAsk("drill failover", options.yes, terminal.interactive);
  const { input } = await openStack(options.stack);

  const { openContext } = await import("../session/open-context.ts");
  const { requireAdministrator } = await import("../cluster/administrator.ts");
  const { ClusterApi } = await import("../cluster/api.ts");
  const { untilStopped } = await import("../cluster/until-stopped.ts");
  const { commandVariable, lockForProcess } = await import("../../components/host/lock.ts");
  const { resolveAccess } = await import("../../components/host/targets.ts");
  const { loadAccess } = await import("../../kube/kubeconfig.ts");
  const { PlinthError } = await import("../../plan/findings.ts");
  const { confirm } = await import("../render/prompt.ts");
  const { ApiClients } = await import("../failover/clients.ts");
  const { drillFailover, reportLines } = await import("../failover/drill.ts");
  const { onHost } = await import("../failover/host.ts");
  const { lookForFailover } = await import("../failover/look.ts");
  const { hosts, config } = input;
  const kubeconfig = await requireAdministrator(await openContext(options.stack, terminal, input.settings));
  const access = loadAccess(kubeconfig, { context: "", cluster: "" });
  const api = new ClusterApi(kubeconfig);
  process.env[commandVariable] = "plinth drill failover";
  const asDocument = options.json === true;
  const report = await untilStopped(terminal, async (signal) => {
    const { access: ways, findings } = await resolveAccess(hosts, config);
    if (findings.length > 0) throw new PlinthError(findings);
    // A run that changes hosts meanwhile would start what is stopped.
    await lockForProcess(ways, hosts, options.stack, { warn: terminal.warn.bind(terminal) });
    return drillFailover({
      ...{ stack: options.stack, inventory: hosts, endpoint: access.server, named: host, signal },
      ...{ seconds: options.seconds, maxGap: options.maxGap, onHost: onHost(input), clients: new ApiClients(access) },
      // Standard output has the document alone.
      terminal: asDocument ? { ...terminal, print: terminal.note.bind(terminal) } : terminal,
      look: () => lookForFailover(input, api),
      agrees: (question) => (options.yes === true ? Promise.resolve(true) : confirm(question, signal)),
    });
  }).finally(() => {
    api.close();
  });
  if (asDocument) terminal.print(JSON.stringify(report, null, 2));
  else for (const line of reportLines(report)) terminal.print(line);
  for (const problem of report.problems) terminal.warn(problem);
  if (report.problems.length > 0) throw new QuietExit(Exit.failed);
}
