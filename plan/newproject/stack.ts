import { nthAddress, parseNetwork } from "../addresses.ts";
import type { Finding } from "../findings.ts";
import type { HostInput } from "../inventory.ts";
import { addressIn, servedUrl, subnetOf } from "../served.ts";
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
  /** Subnet of the control-plane hosts. Default: see {@link subnetFor}. */
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

/** The subnet of the control-plane hosts: what is said, else the one that has them and the virtual IP, else the /24 of the first one. */
export function subnetFor({ controlPlane, vip, subnet }: Partial<StackAnswers>): string | undefined {
  const [first] = controlPlane ?? [];
  if (subnet !== undefined || first === undefined) return subnet;
  return subnetOf([...(controlPlane ?? []), ...(vip === undefined ? [] : [vip])]) ?? subnetOf([first]);
}

/** Where hosts reach this machine: in their subnet, else at its first address. */
export const operatorFor = (own: readonly string[], answers: Partial<StackAnswers>): string | undefined =>
  addressIn(own, subnetFor(answers)) ?? own[0];

/** The stack that follows from the answers, and everything that is wrong with it. It is usable only when that is nothing. */
export function newStack(answers: StackAnswers): { stack: NewStack; findings: Finding[] } {
  const { hosts, config } = stackOf(answers);
  // What is missing is said once, in the words of the command, and must not hide the rest.
  const whole = stackOf(withControlPlane(answers));
  const named = Object.entries(config).map(([key, value]) => [`${namespace}:${key}`, value]);
  return {
    stack: { hosts, config: Object.fromEntries(named) as Record<string, string> },
    findings: [...missing(answers), ...checkInput(whole.hosts, { artifactsUrl: exampleUrl, ...whole.config }).findings],
  };
}

function stackOf(answers: StackAnswers): NewStack {
  const { stack, controlPlane, workers, vip, operator } = answers;
  const subnet = subnetFor(answers);
  const roles: HostInput["roles"] = [
    "etcd",
    "control-plane",
    ...(vip === undefined ? [] : (["load-balancer"] as const)),
  ];
  return {
    hosts: [
      ...controlPlane.map((address, index): HostInput => ({ name: `cp${index + 1}`, address, roles: [...roles] })),
      ...workers.map((address, index): HostInput => ({ name: `w${index + 1}`, address, roles: ["worker"] })),
    ],
    config: {
      clusterName: stack,
      ...(subnet === undefined ? {} : { nodeSubnet: subnet }),
      ...(vip === undefined ? {} : { vip }),
      ...(operator === undefined ? {} : { artifactsUrl: servedUrl(operator) }),
    },
  };
}

/** What stands in for what is not known (RFC 2606, RFC 5737). */
const exampleUrl = "https://artifacts.example.com";
const exampleSubnet = "192.0.2.0/24";

/** The answers, with a control-plane host that is right where they have none. */
function withControlPlane(answers: StackAnswers): StackAnswers {
  const { controlPlane, workers, vip } = answers;
  if (controlPlane.length > 0) return answers;
  const beside = vip === undefined ? workers : [vip];
  const subnet = answers.subnet ?? subnetOf(beside) ?? exampleSubnet;
  const network = parseNetwork(subnet) ?? parseNetwork(exampleSubnet);
  const free = (address: string): boolean => ![vip, answers.operator, ...workers].includes(address);
  const numbers = Array.from({ length: workers.length + 4 }, (_, index) => index + 1);
  const address = numbers.map((number) => (network === undefined ? "" : nthAddress(network, number))).find(free);
  return { ...answers, subnet, controlPlane: address === undefined ? [] : [address] };
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
