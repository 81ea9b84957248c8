import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { BundleEntry } from "../../plan/bringup.ts";
import {
  renderBundle,
  renderSecrets,
  type Bundle as BundlePlan,
  type BundleBinary,
  type BundleDownload,
  type FetchedBinary,
  type SecretSource,
} from "../../plan/bundle.ts";
import { shellWord } from "../../plan/shell.ts";
import { heldUntil, type HeldOptions } from "../order.ts";
import { anewTrigger } from "../../ssh/index.ts";
import { connectionOf } from "./access.ts";
import { frozenInputs } from "./frozen.ts";
import type { Host } from "./host.ts";
import { asRoot, feed, hostScriptPath } from "./script.ts";

/** What every bundle needs, whatever its role. */
export interface BundleArgs {
  host: Host;
  /** What must have succeeded before this bundle is changed. */
  after: readonly pulumi.Resource[];
  /** See `bundleGeneration` in plan/facts.ts. */
  generation: number;
  /** Digest and address of what the host fetches. */
  locate: (item: BundleBinary | BundleDownload) => FetchedBinary;
  /** The bytes of a secret file. */
  contentOf: (source: SecretSource) => pulumi.Input<string>;
}

/** The most that a host takes to return from a change once its time is over, seconds: units of it may have to come up again. */
const returnSeconds = 120;

/**
 * The desired state of one host for one role, applied by one command over one connection. Its type is the entry's.
 *
 * `create` is readable text that is known at preview; key material goes by `stdin` only. There is no `update` (create
 * converges) and no `delete` (a replacement could reach it; the {@link Host} cleans up).
 */
export class Bundle extends pulumi.ComponentResource {
  /** Done when the host is in the desired state, and stays there. */
  readonly done: command.remote.Command;

  constructor(
    entry: Pick<BundleEntry, "type">,
    plan: BundlePlan,
    args: BundleArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    const name = `${args.host.name}-${plan.name}`;
    super(entry.type, name, {}, opts);
    const contents = plan.secrets.map((secret) => pulumi.output(args.contentOf(secret.source)));
    const secretPart = pulumi
      .all(contents)
      .apply((values) =>
        renderSecrets(plan.secrets.map(({ path }, index) => ({ path, content: values[index] ?? "" }))),
      );
    const options: pulumi.CustomResourceOptions & HeldOptions = {
      parent: this,
      dependsOn: [args.host.claim],
      heldBy: args.after,
      hideDiffs: ["stdin", "connection"],
      ...frozenInputs(args.host.frozen),
    };
    const text = renderBundle(plan, args.generation, args.locate);
    const applied = new command.remote.Command(
      name,
      {
        connection: connectionOf(args.host.target),
        create: heldUntil(args.after, feed(text, `${asRoot} ${hostScriptPath} apply`)),
        stdin: pulumi.secret(secretPart),
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.None,
      },
      options,
    );
    const told = secretPart.apply((secrets) => createHash("sha256").update(text).update(secrets).digest("hex"));
    this.done =
      plan.confirm === undefined ? applied : this.confirmed(name, plan.name, plan.confirm, told, applied, args);
    this.registerOutputs({});
  }

  /**
   * The word that a change stays, said over a connection of its own: that it can be made is what is asked. It is said again when what the
   * host was told has changed; its digest is as secret as what it is of.
   */
  private confirmed(
    name: string,
    bundle: string,
    seconds: number,
    told: pulumi.Output<string>,
    applied: command.remote.Command,
    { host }: BundleArgs,
  ): command.remote.Command {
    return new command.remote.Command(
      `${name}.confirm`,
      {
        connection: connectionOf(host.target),
        // Of a host that cannot be reached there is nothing to confirm, also where an earlier release has not asked for it.
        ...(host.frozen ? {} : { create: `${asRoot} ${hostScriptPath} confirm ${shellWord(bundle)}\n` }),
        stdin: pulumi.secret(told),
        // It is tried until the host has returned, and says so.
        triggers: [anewTrigger(seconds + returnSeconds)],
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.None,
      },
      { parent: this, dependsOn: [applied], hideDiffs: ["stdin", "connection"], ...frozenInputs(host.frozen) },
    );
  }
}
