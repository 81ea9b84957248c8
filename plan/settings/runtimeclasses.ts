import { isDeepStrictEqual } from "node:util";
import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import { isNode, type Host } from "../inventory.ts";
import { configFor, placesOf } from "./layers.ts";
import { stackPlace, type PlaceOf } from "./place.ts";

/** A RuntimeClass of the cluster, by the name of its handler. */
export interface RuntimeClass {
  name: string;
  /** Labels of Nodes that its pods go to; none: all Nodes. */
  nodeSelector: Record<string, string>;
}

interface Seen extends RuntimeClass {
  place: PlaceOf;
}

/** Every class that the stack or one of the hosts asks for, as each of them has it. */
function seenOn(hosts: readonly Host[], config: ClusterConfig): Seen[] {
  const classes = ({ containerd }: ClusterConfig, place: PlaceOf): Seen[] =>
    Object.entries(containerd.runtimes)
      .filter(([, { runtimeClass }]) => runtimeClass)
      .map(([name, { nodeSelector }]) => ({ name, nodeSelector, place }));
  return [
    ...classes(config, stackPlace),
    ...hosts.filter(isNode).flatMap((host) => {
      const own = configFor(host, config);
      return own === config ? [] : classes(own, placesOf(host, config));
    }),
  ];
}

/** The classes of the cluster, each once. */
export function runtimeClassesOf(hosts: readonly Host[], config: ClusterConfig): RuntimeClass[] {
  const seen = seenOn(hosts, config).map(({ name, nodeSelector }): [string, RuntimeClass] => [
    name,
    { name, nodeSelector },
  ]);
  // The first one counts: the others are the same, or findings.
  return [...new Map(seen.toReversed()).values()].toReversed();
}

/** Classes of which hosts say different things, or whose pods would go to Nodes that do not have their runtime. */
export function validateRuntimeClasses(hosts: readonly Host[], config: ClusterConfig): Finding[] {
  const nodes = hosts.filter(isNode);
  const byName = Map.groupBy(seenOn(hosts, config), ({ name }) => name);
  return [...byName.values()].flatMap((seen): Finding[] => {
    const [first] = seen;
    if (first === undefined) return [];
    const { name, nodeSelector } = first;
    const report = ({ place }: Seen, key: string, problem: string, remedy: string): Finding[] => {
      const { name: where, hosts: whose } = place("containerd", ["runtimes", name, key]);
      return [{ rule: "runtime-class", kind: "input", hosts: whose, message: `${where} ${problem}`, remedy }];
    };
    const other = seen.find((one) => !isDeepStrictEqual(one.nodeSelector, nodeSelector));
    if (other !== undefined)
      return report(
        other,
        "nodeSelector",
        `is not what other hosts have for the RuntimeClass ${name}, which the cluster has once`,
        "write the same everywhere",
      );
    const without = nodes.filter((host) => !Object.hasOwn(configFor(host, config).containerd.runtimes, name));
    if (without.length === 0 || Object.keys(nodeSelector).length > 0) return [];
    const some = without.slice(0, 3).map((host) => host.name);
    return report(
      first,
      "runtimeClass",
      `is set, and ${some.join(", ")}${without.length > some.length ? " and others" : ""} have no such runtime: pods of the class would go there, too`,
      "set its nodeSelector to labels that only hosts with the runtime have",
    );
  });
}
