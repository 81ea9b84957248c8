import * as pulumi from "@pulumi/pulumi";
import type { HeldOptions } from "../../components/order.ts";

/** One registered resource as the engine would see it, options included. */
export interface Registration {
  type: string;
  name: string;
  parent: string;
  urn: string;
  /** What the state remembers. */
  dependencies: string[];
  /** That, and what the resource is held back for. */
  waitsFor: string[];
  protect: boolean;
  ignoreChanges: string[];
  inputs: Record<string, unknown>;
}

interface Monitor {
  registerResourceHook?(request: unknown, callback: (error: unknown, response: unknown) => void): void;
  registerResource(request: Request, callback: (error: unknown, response: unknown) => void): void;
}

interface Request {
  toObject(): {
    type: string;
    name: string;
    parent: string;
    dependenciesList: string[];
    ignorechangesList: string[];
    protect?: boolean;
  };
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}

const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const signatureKey = "4dabf18193072939515e22adb298388d";

/** True for a property value that travels to the engine as a secret. */
export function isSecret(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (value as Record<string, unknown>)[signatureKey] === secretSignature
  );
}

/** The plain value of a property, whether it is a secret or not. */
export function plain(value: unknown): unknown {
  return isSecret(value) ? (value as { value: unknown }).value : value;
}

/**
 * Runs a program under the SDK's mocks and records what it registers, and in which order. The mocks drop resource options, therefore the
 * monitor behind them is wrapped.
 */
export async function record(
  program: () => Promise<unknown>,
  options: { preview?: boolean; state?: (type: string, name: string) => Record<string, unknown> } = {},
): Promise<{ registrations: Registration[]; outputs: unknown; warnings: string[] }> {
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => ({
        id: `${args.name}-id`,
        state: { ...(args.inputs as object), ...options.state?.(args.type, args.name) },
      }),
      call: () => ({}),
    },
    "plinth",
    "demo",
    options.preview ?? false,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  // The mocks know no hooks, which run in this process only when the engine calls them.
  monitor.registerResourceHook = (_request, callback) => {
    callback(null, {});
  };
  const registrations: Registration[] = [];
  const original = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const { type, name, parent, dependenciesList, ignorechangesList, protect } = request.toObject();
    const inputs = request.getObject()?.toJavaScript() ?? {};
    original(request, (error, response) => {
      const urn = (response as { getUrn?(): string } | undefined)?.getUrn?.() ?? "";
      registrations.push({
        type,
        name,
        parent,
        urn,
        dependencies: dependenciesList,
        waitsFor: dependenciesList,
        protect: protect ?? false,
        ignoreChanges: ignorechangesList,
        inputs,
      });
      callback(error, response);
    });
  };
  const warnings: string[] = [];
  const log = pulumi.log as { warn: typeof pulumi.log.warn };
  const { warn } = log;
  log.warn = (message) => Promise.resolve(void warnings.push(message));
  const held = new Map<string, readonly pulumi.Resource[]>();
  let outputs: unknown;
  await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
      held.set(`${type} ${name}`, (opts as Partial<HeldOptions>).heldBy ?? []);
      return undefined;
    });
    return (outputs = await program());
  });
  await pulumi.runtime.disconnect();
  log.warn = warn;
  for (const registration of registrations) {
    const resources = held.get(`${registration.type} ${registration.name}`) ?? [];
    const urns = resources.map(({ urn }) => (urn as unknown as { promise(): Promise<string> }).promise());
    registration.waitsFor = [...new Set([...registration.dependencies, ...(await Promise.all(urns))])];
  }
  return { registrations, outputs, warnings };
}
