import { isDeepStrictEqual } from "node:util";
import { forDeletion } from "../../plugins/command/lifecycle.ts";
import { remoteCommand } from "../../plugins/command/remoteCommand.ts";
import { kubernetesProvider } from "../../plugins/kubernetes/index.ts";
import { serveProvider } from "../../plugins/provider/server.ts";
import type { ProviderDefinition, ResourceHandler } from "../../plugins/provider/types.ts";
import type { Adoptions } from "../../plugins/bridged/adoptions.ts";
import { randomProviderWith } from "../../plugins/random/index.ts";
import { tlsProviderWith } from "../../plugins/tls/index.ts";

export interface Call {
  operation: "create" | "update" | "delete";
  name: string;
  phase: "begin" | "end";
}

/** A command plugin that runs nothing: it checks and diffs as the real one does, and records what it was asked to run. */
export class RecordingCommands {
  calls: Call[] = [];
  /** How long a command takes, milliseconds: what may run beside it has that long to begin. */
  duration = 50;
  /** Names of commands that fail. */
  failing = new Set<string>();

  readonly definition: ProviderDefinition = {
    name: "command",
    version: "1.2.1",
    acceptSecrets: true,
    resources: {
      "command:remote:Command": {
        ...remoteCommand,
        create: async (inputs, preview, context) => {
          if (!preview) await this.record("create", context.name);
          return { id: context.name, properties: { ...forDeletion(inputs), stdout: "", stderr: "" } };
        },
        update: async ({ news }, preview, context) => {
          if (!preview) await this.record("update", context.name);
          return { ...forDeletion(news), stdout: "", stderr: "" };
        },
        delete: (_id, _properties, context) => this.record("delete", context.name),
      },
    },
  };

  /** Finished operations since the last call, as `operation name`, in the order in which they ended. */
  take(): string[] {
    const done = this.calls.filter((call) => call.phase === "end").map((call) => `${call.operation} ${call.name}`);
    this.calls = [];
    return done;
  }

  /** The largest number of commands other than claims that ran at the same time. */
  concurrency(): number {
    let running = 0;
    let most = 0;
    for (const call of this.calls.filter((candidate) => !candidate.name.endsWith("-claim"))) {
      running += call.phase === "begin" ? 1 : -1;
      most = Math.max(most, running);
    }
    return most;
  }

  private async record(operation: Call["operation"], name: string): Promise<void> {
    this.calls.push({ operation, name, phase: "begin" });
    await new Promise((resolve) => setTimeout(resolve, this.duration));
    if (this.failing.has(name)) {
      this.calls.push({ operation, name, phase: "end" });
      throw new Error(`${name} failed on purpose`);
    }
    this.calls.push({ operation, name, phase: "end" });
  }
}

/** Objects of Kubernetes as a cluster that takes everything and is ready at once. */
const anyObject: ResourceHandler = {
  check: (news) => ({ inputs: news, failures: [] }),
  diff: ({ oldInputs = {}, news }) => ({
    changed: Object.keys({ ...oldInputs, ...news }).filter((key) => !isDeepStrictEqual(oldInputs[key], news[key])),
    replaces: [],
  }),
  create: (inputs, _preview, { name }) => Promise.resolve({ id: name, properties: inputs }),
  update: ({ news }) => Promise.resolve(news),
  delete: () => Promise.resolve(),
  read: (id, properties, inputs) => Promise.resolve({ id, properties, inputs }),
};

const objects = (onConfigure: () => void): ProviderDefinition => ({
  name: "kubernetes",
  version: kubernetesProvider.version,
  acceptSecrets: true,
  resources: {},
  configurable: {
    checkConfig: (news) => news,
    diffConfig: () => ({ changed: [], replaces: [] }),
    configure: () => {
      onConfigure();
      return { resource: () => anyObject, close: () => undefined };
    },
  },
});

/**
 * Serves a command plugin and objects of no cluster, beside the bundled tls and random ones.
 *
 * @param onConfigure called when the provider for objects is made: the official one looks for the cluster then, and once.
 * @param adoptions keys and ids that exist already. Default: none.
 */
export async function servePlugins(
  commands: ProviderDefinition,
  onConfigure: () => void = () => undefined,
  adoptions?: Adoptions,
): Promise<{ debugProviders: string; close(): Promise<void> }> {
  const definitions = [commands, objects(onConfigure), tlsProviderWith(adoptions), randomProviderWith(adoptions)];
  const servers = await Promise.all(definitions.map(serveProvider));
  return {
    debugProviders: servers.map(({ port }, index) => `${definitions[index]?.name ?? ""}:${port}`).join(","),
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
