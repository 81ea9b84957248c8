import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshTarget } from "../../ssh/index.ts";
import { connectionOf } from "./access.ts";
import { frozenInputs } from "./frozen.ts";
import { asRoot, hostScript, hostScriptPath } from "./script.ts";

export interface HostArgs {
  /** Name of the host in the inventory. */
  name: string;
  /** How it is reached. */
  target: SshTarget;
  cluster: string;
  stack: string;
  /** Id of the cluster that claims the host. */
  clusterId: pulumi.Input<string>;
  /** See `claimGeneration` in plan/facts.ts. */
  generation: number;
  /** True when it cannot be reached: what is declared for it stays what it was. */
  frozen?: boolean;
}

/**
 * A machine that belongs to the cluster: it carries the host script and a claim.
 *
 * Creating it claims the host (and is refused by the host when another cluster has it). Deleting it releases the host:
 * units stopped, everything that bundles own removed, data such as etcd's set aside under /var/lib/plinth-kept. A host
 * that has meanwhile been claimed under another name is left alone.
 */
export class Host extends pulumi.ComponentResource {
  readonly name: string;
  /** Done when the host is claimed. */
  readonly claim: command.remote.Command;
  readonly target: SshTarget;
  readonly frozen: boolean;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:host:Host", name, {}, opts);
    this.name = args.name;
    this.target = args.target;
    this.frozen = args.frozen ?? false;
    const directory = hostScriptPath.slice(0, hostScriptPath.lastIndexOf("/"));
    const install = `umask 022; mkdir -p ${directory} && cat > ${hostScriptPath}.new && chmod 755 ${hostScriptPath}.new && sync ${hostScriptPath}.new && mv -f ${hostScriptPath}.new ${hostScriptPath}`;
    this.claim = new command.remote.Command(
      `${name}-claim`,
      {
        connection: connectionOf(args.target),
        create: [
          `cat <<'END_OF_PLINTH_TEXT' | ${asRoot} /bin/sh -c '${install}' || exit`,
          hostScript().replace(/\n$/, ""),
          "END_OF_PLINTH_TEXT",
          // In the text, and not by standard input, so that a preview shows why a host is claimed again.
          `{ echo generation ${args.generation}; cat; } | ${asRoot} ${hostScriptPath} claim`,
          "",
        ].join("\n"),
        delete: `if test -x ${hostScriptPath}; then ${asRoot} ${hostScriptPath} release --host ${args.name}; else echo '{"released":false,"reason":"nothing of Plinth is on this host"}'; fi\n`,
        stdin: pulumi.interpolate`cluster ${args.cluster}\ncluster-id ${args.clusterId}\nhost ${args.name}\nstack ${args.stack}\nend\n`,
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.Stdout,
      },
      { parent: this, hideDiffs: ["stdin", "connection"], ...frozenInputs(this.frozen) },
    );
    this.registerOutputs({});
  }
}
