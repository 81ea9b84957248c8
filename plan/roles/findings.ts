import { bundlesOf, ownerOfBundle } from "../bringup.ts";
import { sysctlsOf } from "../bundles/baseline.ts";
import { conflictsBetween, socketsOf, type Owner } from "../bundles/compose.ts";
import { planBundle } from "../bundles/index.ts";
import type { Placement } from "../bundles/part.ts";
import type { ClusterConfig } from "../config.ts";
import type { HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { printable } from "../printable.ts";
import { configFor, originOf, layersOf, placesOf } from "../settings/layers.ts";
import { plainSurroundings, surroundingsOf } from "../surroundings.ts";
import { parametersFor } from "./parameters.ts";
import { rolesOf } from "./part.ts";
import { secretNames } from "./secrets.ts";
import { roleOfBundle, type RoleShape } from "./shape.ts";

function input(rule: string, hosts: string[], message: string, remedy: string): Finding {
  return { rule, kind: "input", hosts, message, remedy };
}

const listed = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));

/** What is wrong with the project's list of roles itself. */
export function roleListFindings(roles: readonly RoleShape[]): Finding[] {
  const names = roles.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  return twice.map((name) =>
    input("role", [], `roles/index.ts lists two roles with the name ${name}`, "give every role a name of its own"),
  );
}

/** Roles that tell which hosts they are for, and what is wrong with those that do not: without these nothing about roles can be judged. */
export function askedRoles(
  hosts: readonly Host[],
  roles: readonly RoleShape[],
): { usable: RoleShape[]; findings: Finding[] } {
  const judged = roles.map((role) => ({ role, findings: appliesFindings(hosts, role) }));
  return {
    usable: judged.flatMap(({ role, findings }) => (findings.length === 0 ? [role] : [])),
    findings: judged.flatMap(({ findings }) => findings),
  };
}

function appliesFindings(hosts: readonly Host[], role: RoleShape): Finding[] {
  const failed = hosts.flatMap((host): { host: string; reason: string }[] => {
    try {
      role.appliesTo(host);
      return [];
    } catch (error) {
      return [{ host: host.name, reason: reasonIn(error) }];
    }
  });
  return [...Map.groupBy(failed, ({ reason }) => reason)].map(([reason, alike]) =>
    input(
      "role-applies",
      alike.map(({ host }) => host),
      `the role ${role.name} cannot tell whether it is for this host: ${reason}`,
      `correct appliesTo in roles/${role.name}.ts`,
    ),
  );
}

/** What somebody else's function has thrown, for people. */
function reasonIn(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 500);
}

export interface RoleSituation {
  /** Keys of the configuration with secrets that were not decrypted. */
  unread: readonly string[];
  /** Whether inventory and configuration are right otherwise, so that hosts can be planned. */
  usable: boolean;
}

/**
 * What is wrong with roles on hosts: their parameters, and when those are right, what they put there. Hosts are not known yet, so that each is
 * taken for one with Debian; {@link roleFindingsOnHosts} judges again once they are.
 */
export function roleFindings(
  hosts: readonly Host[],
  config: ClusterConfig,
  { unread, usable }: RoleSituation,
): Finding[] {
  if (unread.includes("parameters"))
    return [
      input(
        "role-parameters",
        [],
        "plinth:parameters has an encrypted value, which stands in texts that anybody may read",
        'put it into plinth:secrets, and have the role name it by secret("NAME")',
      ),
    ];
  if (unread.includes("groups")) return [];
  const findings = [
    ...unknownFindings(config),
    ...hosts.flatMap((host) => strayFindings(host, config)),
    ...hosts.flatMap((host) => rolesOf(host, config).flatMap((role) => parameterFindings(role, host, config))),
  ];
  if (!usable || findings.length > 0) return findings;
  return hosts.flatMap((host) =>
    rolesOf(host, config).length === 0 ? [] : planFindings({ host, hosts, config }, !unread.includes("secrets")),
  );
}

/**
 * What is wrong with what roles put on hosts as these are: of input in which nothing is wrong as far as it can be judged without them.
 *
 * @param readings hosts without one, or whose facts are not known, are not judged.
 */
export function roleFindingsOnHosts(
  hosts: readonly Host[],
  config: ClusterConfig,
  readings: ReadonlyMap<string, HostReading>,
  linkMtu: number,
): Finding[] {
  return hosts.flatMap((host) => {
    const reading = readings.get(host.name);
    if (reading === undefined || !("facts" in reading) || rolesOf(host, config).length === 0) return [];
    const surroundings = surroundingsOf(host, reading.facts, linkMtu);
    // As such a one it was judged before.
    if (surroundings.family === undefined && surroundings.selinux === undefined) return [];
    return planFindings({ host, hosts, config, surroundings }, true);
  });
}

/** Parameters of the stack and its groups for roles that the project does not have. */
function unknownFindings({ roles = [], parameters, groups }: ClusterConfig): Finding[] {
  const known = roles.map(({ name }) => name);
  const places = [
    ...Object.keys(parameters).map((role) => ({ role, place: `plinth:parameters.${role}` })),
    ...groups.flatMap((group, index) =>
      Object.keys(group.parameters ?? {}).map((role) => ({ role, place: `plinth:groups.${index}.parameters.${role}` })),
    ),
  ];
  return places
    .filter(({ role }) => !known.includes(role))
    .map(({ place }) =>
      input(
        "unknown-role",
        [],
        `${place} is of a role that the project does not have (it has ${listed(known)})`,
        "correct the name, or add the role to roles/index.ts",
      ),
    );
}

/** Parameters that a host has for roles that it does not have. */
function strayFindings(host: Host, config: ClusterConfig): Finding[] {
  const own = rolesOf(host, config).map(({ name }) => name);
  return Object.keys(host.parameters ?? {})
    .filter((role) => !own.includes(role))
    .map((role) =>
      input(
        "role-parameters",
        [host.name],
        `it has parameters of the role ${role}, and its roles are ${listed([...host.roles, ...own])}`,
        `add ${role} to its roles, or remove the parameters`,
      ),
    );
}

function parameterFindings(role: RoleShape, host: Host, config: ClusterConfig): Finding[] {
  const read = parametersFor(role, host, config);
  if (!("issues" in read)) return [];
  const layers = layersOf(host, config);
  const places = placesOf(host, config);
  const known = Object.keys(role.parameters.shape);
  return read.issues.map(({ path, place, reason }) => {
    const said = originOf(layers, "parameters", [role.name, ...path]);
    const where = place === "" ? "its parameters" : `the parameter ${printable(place, 200)}`;
    const from = said === undefined ? "" : ` (${printable(places("parameters", [role.name, ...path]).name, 300)})`;
    return input(
      "role-parameters",
      [host.name],
      `of the role ${role.name}, ${where}${from} ${printable(reason, 500)}`,
      `the role has the parameters ${listed(known)}: set them in plinth:parameters.${role.name}, a group's parameters.${role.name}, or the host's`,
    );
  });
}

/** Which hosts a role was asked about, where it is no usual one. */
function asOn({ surroundings: { family, selinux } = plainSurroundings }: Placement): string {
  const what = [...(family === undefined ? [] : [`the family ${family}`]), ...(selinux === true ? ["SELinux"] : [])];
  return what.length === 0 ? "" : ` on a host of ${what.join(" with ")}`;
}

/** Plans a host, and says what cannot be planned, what two of its roles or Plinth want at once, and which secrets are missing. */
function planFindings(placement: Placement, secretsKnown: boolean): Finding[] {
  const { host, config } = placement;
  const owners: Owner[] = [];
  const findings: Finding[] = [];
  const own = configFor(host, config);
  for (const entry of bundlesOf(host, config)) {
    const role = roleOfBundle(entry.name);
    try {
      const bundle = planBundle(entry, placement);
      owners.push({ ...bundle, name: ownerOfBundle(entry.name), sockets: socketsOf(entry.parts, host, config) });
      if (role === undefined || !secretsKnown) continue;
      for (const { path, source } of bundle.secrets) {
        const missing =
          source.kind === "role" ? secretNames(source.text).filter((name) => !Object.hasOwn(own.secrets, name)) : [];
        for (const name of missing)
          findings.push(
            input(
              "role-secret",
              [host.name],
              `${path} of the role ${role} has the secret ${name}, which plinth:secrets does not have`,
              `set it: pulumi config set --secret --path 'plinth:secrets["${name}"]'`,
            ),
          );
      }
    } catch (error) {
      if (role === undefined) throw error;
      findings.push(
        input(
          "role-plan",
          [host.name],
          `the role ${role} cannot be planned${asOn(placement)}: ${reasonIn(error)}`,
          `correct roles/${role}.ts, or the parameters that it is given`,
        ),
      );
    }
  }
  const kernel: Owner = {
    name: "Plinth's baseline",
    sockets: [],
    resources: Object.entries(sysctlsOf(host, own)).map(([key, value]) => ({ kind: "sysctl", key, value })),
  };
  for (const conflict of conflictsBetween([kernel, ...owners]))
    findings.push(
      input("role-conflict", [host.name], conflict, "leave it to one of them, or give the host only one of the roles"),
    );
  return findings;
}
