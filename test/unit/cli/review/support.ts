import type { OpType } from "@pulumi/pulumi/automation/index.js";
import type { Diagnostic, PlannedStep } from "../../../../cli/pulumi/events.ts";
import type { Ordered } from "../../../../plan/runs/order.ts";
import { feed } from "../../../../components/host/script.ts";
import { renderRosterText } from "../../../../plan/rostertext.ts";
import { renderBundle } from "../../../../plan/bundle.ts";
import { planCluster } from "../../../../plan/bundles/index.ts";
import type { Host, HostInput } from "../../../../plan/inventory.ts";
import { configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const COMMAND = "command:remote:Command";

export function urnOf(name: string, type = COMMAND): string {
  return `urn:pulumi:demo::plinth::plinth:index:Cluster$${type}::${name}`;
}

export function keyOf(name: string): string {
  return `plinth:index:Cluster$${COMMAND}::${name}`;
}

type Inputs = Record<string, unknown>;

/** A step as the engine's events tell it. */
export function step(
  op: OpType,
  name: string,
  { before, after, paths = [], type = COMMAND }: { before?: Inputs; after?: Inputs; paths?: string[]; type?: string },
): PlannedStep {
  const urn = urnOf(name, type);
  const state = { type, urn, custom: true, id: "x", parent: "", outputs: {}, provider: "" };
  return {
    op,
    urn,
    custom: true,
    metadata: {
      op,
      urn,
      type,
      provider: "",
      diffs: paths,
      ...(before === undefined ? {} : { old: { ...state, inputs: before } }),
      ...(after === undefined ? {} : { new: { ...state, inputs: after } }),
    },
  };
}

const stackOf = (workers: readonly string[]): HostInput[] => [
  ...threeHosts,
  ...workers.map((name): HostInput => ({ name, address: `192.0.2.2${name.slice(1)}`, roles: ["worker"] })),
];

const locate = () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5:8410/file" });

/** Resource name → text of the command, for every bundle of a cluster. */
export function texts(hosts: readonly Host[], config: Parameters<typeof configOf>[0] = {}): Map<string, string> {
  return new Map(
    planCluster(hosts, configOf(config)).map(({ host, bundle }) => [
      `${host.name}-${bundle.name}`,
      feed(renderBundle(bundle, 1, locate), "plinth-host apply"),
    ]),
  );
}

const roster = (workers: readonly string[]): string =>
  [...threeHosts.map(({ name }) => name), ...workers].map((name) => `node ${name} machine-${name}\n`).join("");

/** A flag of the API server on three hosts, one worker that joins, another that leaves, and renewed certificates of it. */
export function madeUpDiff(): {
  planned: PlannedStep[];
  diagnostics: Diagnostic[];
  changes: Record<string, number>;
  order: Ordered[];
  hosts: Host[];
} {
  const [before, after] = [hostsOf(stackOf(["w1", "w2"])), hostsOf(stackOf(["w1", "w3"]))];
  const [old, now] = [texts(before), texts(after, { apiserverArgs: { "goaway-chance": "0.002" } })];
  const planned: PlannedStep[] = [step("create", "w3-claim", { after: { create: "claim" } })];
  for (const [name, create] of now) {
    const was = old.get(name);
    if (was === undefined) planned.push(step("create", name, { after: { create, stdin: "[secret]" } }));
    else if (was !== create)
      planned.push(step("update", name, { before: { create: was }, after: { create }, paths: ["create"] }));
  }
  const register = renderRosterText({ script: "register", node: "w3", deadline: 240, variables: { MANIFEST: "{}" } });
  planned.push(
    step("create", "w3-register", { after: { create: register } }),
    step("update", "w1-register", {
      before: { create: register, connection: { host: "a", privateKey: "LOGIN" } },
      after: { create: register, connection: { host: "b", privateKey: "LOGIN" } },
      paths: ["connection.host"],
    }),
    ...["evacuation", "roster"].map((name) =>
      step("update", name, {
        before: { create: "env", stdin: roster(["w1", "w2"]) },
        after: { create: "env", stdin: roster(["w1", "w3"]) },
        paths: ["stdin"],
      }),
    ),
    step("update", "cp1-apiserver", { type: "tls:index/locallySignedCert:LocallySignedCert", before: {}, after: {} }),
    step("delete", "w2-register", { before: { create: register } }),
    step("delete", "w2-bootstrap-token", { type: "random:index/randomPassword:RandomPassword" }),
    step("delete", "w2-claim", { before: { create: "claim", delete: "plinth-host release" } }),
  );
  const chain = planned.filter(({ op }) => op !== "delete").map(({ urn }) => urn.split("::")[3] ?? "");
  const rolling = chain.filter((name) => /^cp\d-/.test(name));
  const order = chain.map((name): Ordered => {
    const earlier = rolling[rolling.indexOf(name) - 1];
    const own = chain.filter((other) => /^w3-/.test(name) && /^w3-/.test(other));
    const previous = own[own.indexOf(name) - 1];
    const after = { evacuation: rolling.at(-1), roster: "evacuation" }[name];
    const waits = [earlier, previous, after];
    return {
      key: keyOf(name),
      custom: true,
      dependsOn: waits.flatMap((other) => (other === undefined ? [] : [keyOf(other)])),
    };
  });
  const warning = "set aside by plinth:overrides: w3: 2 GiB of memory, 4 expected; add memory [memory]";
  return {
    planned,
    diagnostics: [
      { urn: undefined, severity: "warning", message: `warning: ${warning}` },
      { urn: undefined, severity: "warning", message: "the clock of w1 is 2 s <behind>, @someone" },
    ],
    changes: { same: 100, create: 8, update: 7, delete: 3 },
    order,
    hosts: after,
  };
}
