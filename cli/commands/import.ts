import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Role } from "../../plan/inventory.ts";
import { tools, type Tool } from "../../plan/import/tools.ts";
import { CliError } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";

interface Options {
  stack: string;
  out?: string;
  dryRun?: boolean;
  force?: boolean;
  tool?: Tool;
  group?: Record<string, Role[]>;
  playbooks?: string;
  resolve?: boolean;
}

/** As plan/inventory.ts has them, which help shall not load. */
const roles: readonly Role[] = ["etcd", "control-plane", "load-balancer", "worker"];

/** `GROUP=ROLE,ROLE`, as often as there are groups. */
export function parseGroup(text: string, before: Record<string, Role[]> = {}): Record<string, Role[]> {
  const [group = "", list = "", ...more] = text.split("=");
  const named = list.split(",");
  const known = named.flatMap((name) => roles.find((role) => role === name) ?? []);
  if (group === "" || more.length > 0 || known.length !== named.length)
    throw new InvalidArgumentError(
      `It must be GROUP=ROLE, with one or more of ${roles.join(", ")} and commas between them.`,
    );
  return { ...before, [group]: known };
}

export function importCommand(): Command {
  return new Command("import")
    .description("make a stack of an Ansible inventory (Kubespray's, kubeasz's, one's own) or of a file of k0sctl")
    .argument("<file>", "the inventory: a file in INI, YAML or JSON, or a folder of several")
    .option("-s, --stack <name>", "name of the stack to make", "imported")
    .option("--out <dir>", "folder of the project that gets the files (default: this one)")
    .option("--dry-run", "print the report, and write nothing")
    .option("--force", "overwrite files that are there already, but for the file of a stack that has secrets")
    .option("--playbooks <dir>", "folder of your playbooks: their group_vars, host_vars, and the roles they use")
    .addOption(new Option("--group <group=role>", "what hosts of a group are; may be repeated").argParser(parseGroup))
    .addOption(new Option("--tool <name>", "whose inventory it is (default: found out)").choices(tools))
    .option("--resolve", "look up addresses of hosts that the inventory has by name only")
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth import inventory/mycluster/inventory.ini --stack prod --dry-run", "what would become of it"],
          [
            "./plinth import inventory/mycluster/inventory.ini --stack prod",
            "hosts/prod.ts, Pulumi.prod.yaml, a report",
          ],
          ["./plinth import hosts.ini --group nodes=worker --playbooks .", "an inventory of one's own, and its roles"],
        ]),
        "",
        "Nothing is run, decrypted or changed: what Ansible Vault has encrypted is named and not read.",
        exitCodesHelp([
          [Exit.done, "the files are written; what is still to be settled is in the report"],
          [Exit.badInput, "the inventory is not valid, or there are such files already; nothing was written"],
        ]),
      ].join("\n"),
    )
    .action(importInventory);
}

async function importInventory(file: string, options: Options): Promise<void> {
  const { thisProject } = await import("../project/project.ts");
  const { readAnsibleFiles } = await import("../project/ansible-files.ts");
  const { lookUpAddresses, ownAddresses } = await import("../project/addresses.ts");
  const { filesThere, writeNew } = await import("../project/new-files.ts");
  const { overwriteFindings } = await import("../../plan/import/overwriting.ts");
  const { importStack } = await import("../../plan/import/index.ts");
  const { PlinthError } = await import("../../plan/findings.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal();
  const { stack, tool, group: groups, playbooks } = options;
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(stack))
    throw new CliError(`--stack is ${stack}: it must be a DNS-1123 label such as prod.`, Exit.badInput);
  const out = options.out === undefined ? thisProject().dir : resolve(options.out);
  const sources = await readAnsibleFiles({ file, ...(playbooks === undefined ? {} : { playbooks }) });
  const common = {
    stack,
    from: basename(resolve(file)),
    ownAddresses: ownAddresses(),
    withRoles: existsSync(join(out, "roles/index.ts")),
    ...(tool === undefined ? {} : { tool }),
    ...(groups === undefined ? {} : { groups }),
  };
  const first = importStack(sources, common);
  const unknown = first.unknown ?? [];
  const addresses = options.resolve === true && unknown.length > 0 ? await lookUpAddresses(unknown) : undefined;
  const result = addresses === undefined ? first : importStack(sources, { ...common, addresses });
  if (result.files === undefined) throw new PlinthError(result.problems);
  if (options.dryRun !== true) {
    const force = options.force === true;
    const paths = result.files.map(({ path }) => path);
    const refused = overwriteFindings(out, filesThere(out, paths), force);
    if (refused.length > 0) throw new PlinthError(refused);
    await writeNew(out, result.files, { force });
  }
  for (const line of (result.report ?? "").split("\n")) terminal.print(line);
  if (options.dryRun === true) terminal.note("Nothing was written (--dry-run).");
  else terminal.note(`Written below ${out}: ${result.files.map(({ path }) => path).join(", ")}.`);
}
