import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { clusterLeftFindings } from "../plan/guards.ts";
import type { SecretSource } from "../plan/bundle.ts";
import { keyNames } from "../plan/pki.ts";
import { renderProxies } from "../plan/proxy.ts";
import { secretText } from "../plan/roles/secrets.ts";
import { checkInput } from "../plan/stackinput.ts";
import { Fleet, type FleetInput } from "./fleet.ts";
import { hostOutputs, type MachineOutputs } from "./outputs.ts";
import { preflight, type Preflight, type ProgramArgs } from "./preflight.ts";
import { record, type Recorded } from "./record.ts";

/**
 * The program of a stack of machines alone: the same checks, and only then the hosts with what their roles are. Nothing of a cluster is made:
 * no authorities, no kubeconfig.
 *
 * @throws PlinthError with all findings, before any host is touched.
 */
export async function deployMachines(args: ProgramArgs): Promise<MachineOutputs | Recorded> {
  const checked = await preflight(args, {
    input: checkInput(args.inventory, args.config, args.roles),
    clusterId: () => new random.RandomId(keyNames.clusterId, { byteLength: 8 }).hex,
    guards: ({ previous }) => clusterLeftFindings(previous),
  });
  const { clusterId, config } = checked;
  const known = { kind: "machines", clusterName: config.clusterName, clusterId } as const;
  return (await record(args, checked, () => Promise.resolve(known))) ?? declareMachines(checked, known);
}

async function declareMachines(
  checked: Preflight,
  known: Pick<MachineOutputs, "kind" | "clusterName" | "clusterId">,
): Promise<MachineOutputs> {
  const { machineIds } = await new Machines(known.clusterName, checked).bringUp();
  return { ...known, ...hostOutputs(checked, machineIds) };
}

/**
 * Machines without a cluster. Its type is the cluster's: it is part of the URNs of hosts, and a stack that gets a cluster later keeps its hosts
 * as they are; with another type they would be released, and claimed anew.
 */
class Machines extends pulumi.ComponentResource {
  private readonly args: FleetInput;

  constructor(name: string, args: FleetInput) {
    super("plinth:index:Cluster", name, {});
    this.args = args;
    this.registerOutputs({});
  }

  /** Declares the hosts, and what runs on them. */
  async bringUp(): Promise<Pick<Fleet, "machineIds">> {
    const { config } = this.args;
    const fleet = new Fleet(this, {
      ...this.args,
      // Machines hold nothing that could be handed over.
      handOver: () => Promise.resolve(),
      keys: {
        bootstrapToken: (host) => {
          throw new Error(`${host} is to join a cluster, and the stack has none`);
        },
        contentOf: ({ name }, source) => pulumi.secret(contentOf(config, name, source)),
      },
    });
    await fleet.perform(fleet.steps());
    return fleet;
  }
}

/** The bytes of a secret file of a machine. @throws Error for what only a cluster has. */
function contentOf(config: FleetInput["config"], host: string, source: SecretSource): string {
  switch (source.kind) {
    case "role":
      return secretText(source.text, config.secrets);
    case "proxy":
      return renderProxies(config);
    default:
      throw new Error(`${host}: a file of the kind ${source.kind} was planned, and the stack has no cluster`);
  }
}
