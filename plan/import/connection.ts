import { labelValue, localFile } from "../texts.ts";
import { parseJump } from "../reach.ts";
import type { Imported } from "./imported.ts";
import { changed, left, taken, type Outcome } from "./outcome.ts";
import { isTrue, textOf } from "./readings.ts";
import { forStack, type Rule } from "./rules.ts";
import type { Value } from "./values.ts";

/** What more than half of the hosts have goes to the stack: SSH users and ports of lines. Where one has none, all keep theirs. */
export function shareWays(imported: Imported): void {
  for (const [field, key] of [
    ["user", "sshUser"],
    ["port", "sshPort"],
  ] as const) {
    const values = imported.hosts.map(({ line }) => line[field]);
    const value = values.find((one) => values.filter((other) => other === one).length * 2 > values.length);
    if (value === undefined || values.includes(undefined)) continue;
    imported.configure({ [key]: typeof value === "number" ? String(value) : value });
    for (const host of imported.hosts)
      host.line = Object.fromEntries(
        Object.entries(host.line).filter(([name, one]) => name !== field || one !== value),
      );
  }
}

/** Says what has become of variables by which Ansible finds hosts. */
export function describeWays(imported: Imported): void {
  const lines = imported.hosts.map(({ line }) => line);
  const describe = (what: string, variable: string, becomes: string, isThere: boolean): void => {
    if (isThere) imported.add({ ...taken(becomes), what, where: imported.placesOf(variable) || "names of hosts" });
  };
  describe(
    "ansible_host, ip",
    "ansible_host",
    "address, sshAddress",
    imported.hosts.some(({ variables }) => variables.has("ansible_host")),
  );
  describe(
    "ansible_user",
    "ansible_user",
    "plinth:sshUser, and user where it differs",
    lines.some(({ user }) => user !== undefined),
  );
  describe(
    "ansible_port",
    "ansible_port",
    "plinth:sshPort, and port where it differs",
    lines.some(({ port }) => port !== undefined),
  );
}

/** Options of OpenSSH that lead over a jump host: `-J`, ProxyJump, or a ProxyCommand of `ssh -W`. */
export function jumpsOf(args: string): string[] | undefined {
  const direct = /(?:-J\s*|ProxyJump[= ]\s*)["']?([^\s"']+)/.exec(args)?.[1];
  const texts = direct?.split(",") ?? viaCommand(args);
  return texts?.every((text) => parseJump(text) !== undefined) === true ? texts : undefined;
}

function viaCommand(args: string): string[] | undefined {
  const command = /ProxyCommand[= ]\s*\\?["']?(ssh\b[^"']*)/.exec(args)?.[1];
  if (command === undefined || !command.includes("-W")) return undefined;
  const port = /(?:^|\s)-p\s*(\d+)/.exec(command)?.[1];
  const user = /(?:^|\s)-l\s*(\S+)/.exec(command)?.[1];
  // Options with a value of their own, then those without.
  const rest = command.replaceAll(/\s-[WpliFoEL]\s*(?:"[^"]*"|\S+)/g, " ").replaceAll(/\s-\S+/g, " ");
  const [, host] = rest.trim().replaceAll("\\", "").split(/\s+/);
  if (host === undefined) return undefined;
  return [`${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`];
}

function sshArguments(value: Value): Outcome {
  const args = textOf(value) ?? "";
  const jumps = jumpsOf(args);
  if (jumps !== undefined)
    return changed(
      "plinth:bastion",
      "of options of ssh the jump hosts are taken; others are what ~/.ssh/config is for",
      {
        bastion: jumps,
      },
    );
  if (/StrictHostKeyChecking|UserKnownHostsFile/.test(args))
    return left("keys of hosts are always checked: pin them in plinth:sshKnownHostsFile, or as hostKey of a host");
  return left("options of ssh are not taken; ~/.ssh/config is read, but for plain pulumi");
}

const secret = (instead: string) => (): Outcome => left(`is a password, which no file gets: ${instead}`);
const nothing = (why: string) => (): Outcome => left(why);

const label = (field: "rack" | "zone" | "region", names: readonly string[]): Rule => ({
  names,
  scope: "host",
  take: (value) => {
    const text = textOf(value);
    if (text === undefined || !labelValue.safeParse(text).success)
      return left(`is no value of a label, which ${field} must be`);
    return { ...taken(field), host: { [field]: text } };
  },
});

/** Variables of Ansible itself, and those that home-grown inventories have for places of hosts. */
export const connectionRules: readonly Rule[] = [
  forStack(["ansible_ssh_private_key_file", "ansible_private_key_file"], (value) => {
    const file = textOf(value);
    if (file === undefined || !localFile.safeParse(file).success) return left("is no path of a file");
    return taken("plinth:sshPrivateKeyFile", { sshPrivateKeyFile: file });
  }),
  forStack(["ansible_ssh_common_args", "ansible_ssh_extra_args"], sshArguments),
  forStack(["ansible_become", "ansible_sudo"], (value) =>
    isTrue(value)
      ? taken("nothing: users other than root always use sudo")
      : left("users other than root always use sudo, and root has no need of it"),
  ),
  forStack(["ansible_become_method", "ansible_become_user"], (value) =>
    ["sudo", "root"].includes(textOf(value) ?? "")
      ? taken("nothing: it is what Plinth does")
      : left("Plinth becomes root by sudo and by nothing else"),
  ),
  forStack(
    ["ansible_become_pass", "ansible_become_password", "ansible_sudo_pass", "ansible_sudo_password"],
    secret("run `pulumi config set --secret plinth:sudoPassword`, or set PLINTH_SUDO_PASSWORD"),
  ),
  forStack(
    ["ansible_ssh_pass", "ansible_ssh_password", "ansible_password"],
    secret("hosts are reached by SSH keys alone"),
  ),
  forStack(["ansible_connection"], (value) =>
    ["ssh", "smart", "paramiko"].includes(textOf(value) ?? "")
      ? taken("nothing: hosts are reached by SSH")
      : left("hosts are reached by SSH and by nothing else, the operator's own machine included"),
  ),
  forStack(["ansible_python_interpreter"], nothing("hosts need no Python")),
  forStack(
    ["ansible_ssh_pipelining", "ansible_pipelining", "ansible_ssh_transfer_method", "ansible_ssh_retries"],
    nothing("each host has one connection, and each bundle is one script over it: there is nothing to tune"),
  ),
  forStack(["ansible_group_priority"], nothing("it has decided which value counts, and is not needed any more")),
  forStack(["ansible_host_key_checking", "ansible_ssh_host_key_checking"], nothing("keys of hosts are always checked")),
  forStack(["serial"], (value) => {
    const text = textOf(value) ?? "";
    if (!/^([1-9]\d*|[1-9]\d?%|100%)$/.test(text)) return left("is neither a number nor a percentage");
    return changed(
      "plinth:maxUnavailable",
      "it is for workers; etcd members and control-plane hosts change one at a time",
      {
        maxUnavailable: text,
      },
    );
  }),
  forStack(["max_fail_percentage", "any_errors_fatal"], nothing("a host that fails always stops the roll")),
  label("rack", ["rack", "topology_rack"]),
  label("zone", ["zone", "availability_zone", "topology_zone"]),
  label("region", ["region", "topology_region"]),
];
