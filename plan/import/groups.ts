import type { Problem, Value } from "./values.ts";

/** A variable as one place has it. */
export interface Assigned {
  value: Value;
  /** The file, and the group or host there. */
  where: string;
}

/** What one place says of variables, by name. */
export type Assignments = Map<string, Assigned>;

interface Group {
  name: string;
  hosts: Set<string>;
  children: Set<string>;
  variables: Assignments;
}

/** Ansible's own: a group that does not say otherwise. */
const defaultPriority = 1;

/** Hosts and groups of one inventory, collected from all of its files. */
export class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #hosts = new Map<string, Assignments>();

  constructor() {
    this.group("all");
  }

  /** The group of a name; it is made where there is none. */
  group(name: string): Group {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group: Group = { name, hosts: new Set(), children: new Set(), variables: new Map() };
    this.#groups.set(name, group);
    return group;
  }

  has(name: string): boolean {
    return this.#groups.has(name);
  }

  /** Puts a host into a group. What it had of variables stays, but for those that are set anew. */
  addHost(group: string, host: string, variables: Assignments = new Map()): void {
    this.group(group).hosts.add(host);
    const known = this.#hosts.get(host) ?? new Map<string, Assigned>();
    for (const [name, assigned] of variables) known.set(name, assigned);
    this.#hosts.set(host, known);
  }

  /** Names of all hosts, in the order in which they were named first. */
  get hosts(): string[] {
    return [...this.#hosts.keys()];
  }

  get names(): string[] {
    return [...this.#groups.keys()];
  }

  /** What the files of the inventory say of a host itself. */
  variablesOf(host: string): Assignments {
    return this.#hosts.get(host) ?? new Map<string, Assigned>();
  }

  /** The hosts of a group and of all groups below it, in the order of the inventory. */
  hostsOf(name: string): string[] {
    if (name === "all") return this.hosts;
    const below = new Set(this.#below(name).flatMap((group) => [...this.group(group).hosts]));
    return this.hosts.filter((host) => below.has(host));
  }

  /** Groups below a group, itself included. */
  #below(name: string, seen = new Set<string>()): string[] {
    if (seen.has(name)) return [];
    seen.add(name);
    return [name, ...[...this.group(name).children].flatMap((child) => this.#below(child, seen))];
  }

  /** Groups that a group is made of, not itself. */
  childrenOf(name: string): string[] {
    return this.#below(name).slice(1);
  }

  /**
   * The groups of each host but `all`, what counts least first: by depth, then by `ansible_group_priority`, then by name, as Ansible
   * sorts them.
   */
  memberships(): Map<string, string[]> {
    const depths = this.#depths();
    const priority = (name: string): number => {
      const set = this.group(name).variables.get("ansible_group_priority")?.value;
      return typeof set === "number" || typeof set === "string" ? Number(set) : defaultPriority;
    };
    const sorted = this.names
      .filter((name) => name !== "all")
      .sort(
        (a, b) =>
          (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || priority(a) - priority(b) || (a < b ? -1 : a > b ? 1 : 0),
      );
    const memberships = new Map(this.hosts.map((host): [string, string[]] => [host, []]));
    for (const group of sorted) for (const host of this.hostsOf(group)) memberships.get(host)?.push(group);
    return memberships;
  }

  /** The longest way from `all` to each group. */
  #depths(): Map<string, number> {
    const depths = new Map<string, number>();
    const visit = (name: string, depth: number, above: readonly string[]): void => {
      if (above.includes(name) || (depths.get(name) ?? 0) >= depth) return;
      depths.set(name, depth);
      for (const child of this.group(name).children) visit(child, depth + 1, [...above, name]);
    };
    const children = new Set(
      this.names.filter((name) => name !== "all").flatMap((name) => [...this.group(name).children]),
    );
    for (const name of this.names) if (name !== "all" && !children.has(name)) visit(name, 1, []);
    return depths;
  }

  /** Groups that contain themselves. */
  loops(file: string): Problem[] {
    return this.names
      .filter((name) => [...this.group(name).children].some((child) => this.#below(child).includes(name)))
      .map((name) => ({ file, message: `the group ${name} is a part of itself` }));
  }
}
