import { parseNetwork } from "../addresses.ts";
import type { Finding } from "../findings.ts";
import type { HostInput } from "../inventory.ts";
import { namespace } from "../stackconfig.ts";
import { checkInput } from "../stackinput.ts";

/** What an operator says of the first stack of a new project. Addresses are IPv4. */
export interface StackAnswers {
  /** Name of the stack and of its cluster; DNS-1123 label. */
  stack: string;
  /** Hosts with etcd and the control plane: one, three or five. */
  controlPlane: readonly string[];
  workers: readonly string[];
  /** Virtual IP of the API server; undefined where one control-plane host is all that there is. */
  vip?: string | undefined;
  /** Subnet of the control-plane hosts. Default: the /24 of the first one. */
  subnet?: string | undefined;
  /** Address of the operator's machine, from which hosts fetch binaries. */
  operator?: string | undefined;
}

/** A stack as its two files have it. */
export interface NewStack {
  /** For `hosts/<stack>.ts`. */
  hosts: HostInput[];
  /** For `Pulumi.<stack>.yaml`, with the namespace. */
  config: Record<string, string>;
}

/** Port on which `up` serves binaries to hosts. */
const artifactsPort = 8410;

/** The /24 of an address, as far as it is one. */
export function subnetOf(address: string): string | undefined {
  const network = parseNetwork(`${address.replace(/\.\d+$/, ".0")}/24`);
  return network === undefined ? undefined : `${address.replace(/\.\d+$/, ".0")}/24`;
}

/** The stack that follows from the answers, and everything that is wrong with it. It is usable only when that is nothing. */
export function newStack(answers: StackAnswers): { stack: NewStack; findings: Finding[] } {
  const { stack, controlPlane, workers, vip, operator } = answers;
  const subnet = answers.subnet ?? subnetOf(controlPlane[0] ?? "");
  const roles: HostInput["roles"] = [
    "etcd",
    "control-plane",
    ...(vip === undefined ? [] : (["load-balancer"] as const)),
  ];
  const hosts: HostInput[] = [
    ...controlPlane.map((address, index): HostInput => ({ name: `cp${index + 1}`, address, roles: [...roles] })),
    ...workers.map((address, index): HostInput => ({ name: `w${index + 1}`, address, roles: ["worker"] })),
  ];
  const config = {
    clusterName: stack,
    ...(subnet === undefined ? {} : { nodeSubnet: subnet }),
    ...(vip === undefined ? {} : { vip }),
    ...(operator === undefined ? {} : { artifactsUrl: `http://${operator}:${artifactsPort}` }),
  };
  const named = Object.entries(config).map(([key, value]) => [`${namespace}:${key}`, value]);
  return {
    stack: { hosts, config: Object.fromEntries(named) as Record<string, string> },
    findings: [...missing(answers), ...checkInput(hosts, config).findings.filter((one) => !isSaid(one, answers))],
  };
}

/** The finding that a question was not answered, in the words of the command. */
function missing({ controlPlane, operator }: StackAnswers): Finding[] {
  const finding = (message: string, remedy: string): Finding => {
    return { rule: "init", kind: "input", hosts: [], message, remedy };
  };
  return [
    ...(controlPlane.length > 0
      ? []
      : [
          finding(
            "a stack of your own needs at least one control-plane host",
            "say their addresses by --control-plane ADDRESS…, or leave --stack out for hosts on this machine",
          ),
        ]),
    ...(operator !== undefined
      ? []
      : [finding("it is not known where hosts reach this machine", "say its address by --operator ADDRESS")]),
  ];
}

/** Whether a finding repeats one of ours. */
function isSaid({ rule, message }: Finding, { controlPlane, operator }: StackAnswers): boolean {
  const empty = rule === "inventory" || message.includes(`${namespace}:nodeSubnet is not set`);
  if (controlPlane.length === 0 && empty) return true;
  return operator === undefined && message.includes(`${namespace}:artifactsUrl is not set`);
}
