import { paths } from "../names.ts";
import type { PartContent } from "../bundles/content.ts";
import type { BundlePart, Placement } from "../bundles/part.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import type { Resource } from "../resources.ts";
import { BlockError, type Block } from "./block.ts";
import { openConfig } from "./config.ts";
import { parametersFor, saidParameters } from "./parameters.ts";
import { roleBundle, type RoleShape } from "./shape.ts";

/** Whether a host is to have a role. */
export function hasRole(host: Host, role: RoleShape): boolean {
  return (host.projectRoles ?? []).includes(role.name) || role.appliesTo(host);
}

/** The roles of a stack that a host is to have. */
export function rolesOf(host: Host, { roles = [] }: Pick<ClusterConfig, "roles">): RoleShape[] {
  return roles.filter((role) => hasRole(host, role));
}

/** The parameters of each role that a host is to have; of those that are not right as they are written. */
export function parametersOf(host: Host, config: ClusterConfig): Record<string, unknown> {
  return Object.fromEntries(
    rolesOf(host, config).map((role) => {
      const read = parametersFor(role, host, config);
      return [role.name, "parameters" in read ? read.parameters : saidParameters(role.name, host, config)];
    }),
  );
}

/** What a role puts on hosts. Of a host that is not to have it any more, what is left is that all of it goes. */
export function rolePart(role: RoleShape): BundlePart {
  return {
    name: role.name,
    appliesTo: (host) => hasRole(host, role),
    ...(role.confirm === undefined ? {} : { confirm: role.confirm }),
    plan: (placement) => joinBlocks(role, blocksOf(role, placement)),
  };
}

function blocksOf(role: RoleShape, { host, hosts, config, surroundings }: Placement): readonly Block[] {
  const read = parametersFor(role, host, config);
  if ("issues" in read) throw new Error(`${host.name}: the parameters of the role ${role.name} are not right`);
  return role.plan({
    host,
    hosts,
    config: openConfig(config),
    parameters: read.parameters,
    facts: { family: surroundings?.family ?? "debian", selinux: surroundings?.selinux ?? false },
  });
}

const once = <T>(items: readonly T[]): T[] => [...new Set(items)];

/** Names are order: of files in one folder later ones win, and Plinth's own begin with 90. */
const rank = "70";

/**
 * What a role's blocks come to. A unit that a file restarts is one of the role's, whether a block names it or not.
 *
 * @throws BlockError where they do not go together.
 */
export function joinBlocks(role: Pick<RoleShape, "name" | "confirm">, blocks: readonly Block[]): PartContent {
  const cutting = blocks.flatMap(({ cutsOff = [] }) => cutsOff)[0];
  if (cutting !== undefined && role.confirm === undefined)
    throw new BlockError(
      `${cutting} may cut the host off, and the role says nothing of confirm: give it the seconds after which a host returns from a change, such as confirm: 60`,
    );
  const all = <Key extends Exclude<keyof Block, "cutsOff" | "parameters" | "modules" | "units">>(
    key: Key,
  ): NonNullable<Block[Key]>[number][] =>
    blocks.flatMap((block) => [...(block[key] ?? [])] as NonNullable<Block[Key]>[number][]);
  const parameters = kernelParameters(blocks);
  const modules = once(blocks.flatMap((block) => block.modules ?? []));
  const bundle = roleBundle(role.name);
  const files = [
    ...all("files"),
    ...(modules.length === 0 ? [] : [generated(`/etc/modules-load.d/${rank}-${bundle}.conf`, modules)]),
    ...(parameters.length === 0
      ? []
      : [
          generated(
            `/etc/sysctl.d/${rank}-${bundle}.conf`,
            parameters.map(([key, value]) => `${key} = ${value}`),
          ),
        ]),
  ];
  const units = once(blocks.flatMap(unitsOf));
  const own = new Set([...files, ...all("links")].map(({ path }) => path));
  const resources: Resource[] = [
    ...all("resources"),
    // A parameter may be a module's.
    ...modules.map((key): Resource => ({ kind: "module", key })),
    ...parameters.map(([key, value]): Resource => ({ kind: "sysctl", key, value })),
    ...units
      .filter((unit) => !own.has(`${paths.units}/${unit}`))
      .map((unit): Resource => ({ kind: "service", key: unit })),
  ];
  return {
    directories: all("directories"),
    resources,
    downloads: all("downloads"),
    files,
    secrets: all("secrets"),
    links: all("links"),
    units,
  };
}

/** @throws BlockError where two blocks have a parameter: one of the values would be nobody's. */
function kernelParameters(blocks: readonly Block[]): [key: string, value: string][] {
  const parameters = blocks.flatMap(({ parameters = {} }) => Object.entries(parameters));
  const values = new Map<string, string>();
  for (const [key, value] of parameters) {
    const before = values.get(key);
    if (before !== undefined)
      throw new BlockError(`the kernel parameter ${key} is given twice, as ${before} and as ${value}: give it once`);
    values.set(key, value);
  }
  return parameters;
}

function generated(path: string, lines: readonly string[]): NonNullable<PartContent["files"]>[number] {
  return { path, mode: "0644", owner: "root:root", content: [...lines, ""].join("\n") };
}

function unitsOf(block: Block): string[] {
  const inputs = [
    ...(block.files ?? []),
    ...(block.secrets ?? []),
    ...(block.downloads ?? []),
    ...(block.links ?? []),
    ...(block.resources ?? []),
  ];
  return [...(block.units ?? []), ...inputs.flatMap(({ restart = [], reload = [] }) => [...restart, ...reload])];
}
