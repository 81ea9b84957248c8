import type { HostInput, Role } from "../inventory.ts";
import type { Assigned } from "./groups.ts";
import { joined, shortly, type Outcome, type Row } from "./outcome.ts";
import { withheldIn, type Value } from "./values.ts";

/** A host on its way from one inventory to the other. */
export interface ImportedHost {
  /** Its name in Plinth. */
  name: string;
  /** Its name where it comes from. */
  origin: string;
  roles: Role[];
  variables: ReadonlyMap<string, Assigned>;
  /** The line of `hosts/<stack>.ts`, but for name and roles. */
  line: Partial<Record<keyof HostInput, unknown>>;
}

/** What an import comes to, while rules add to it. */
export class Imported {
  readonly hosts: readonly ImportedHost[];
  readonly rows: Row[] = [];
  /** What was guessed and must be looked at, each a sentence without a full stop. */
  readonly checks: string[] = [];
  #config: Record<string, unknown> = {};
  readonly #seen = new Set<string>();

  constructor(hosts: readonly ImportedHost[]) {
    this.hosts = hosts;
  }

  /** The configuration so far, without the namespace. */
  get config(): Readonly<Record<string, unknown>> {
    return this.#config;
  }

  configure(more: Record<string, unknown> | undefined): void {
    if (more !== undefined) this.#config = joined(this.#config, more);
  }

  add({ verdict, what, where, becomes, why }: Outcome & Pick<Row, "what" | "where">): void {
    this.rows.push({ verdict, what, where, becomes, why });
  }

  /** Somebody has said what becomes of a variable. */
  seen(...names: readonly string[]): void {
    for (const name of names) this.#seen.add(name);
  }

  /** The same, but for those that nobody here can read for some host: what becomes of these is still to be said. */
  seenReadable(...names: readonly string[]): void {
    const isReadable = (name: string): boolean =>
      this.hosts.every(({ variables }) => withheldIn(variables.get(name)?.value ?? null) === undefined);
    this.seen(...names.filter(isReadable));
  }

  /** The value of a variable for the cluster: that of the first host with one that can be read, control plane first. */
  readonly valueOf = (name: string): Value | undefined => {
    const isControlPlane = ({ roles }: ImportedHost): boolean => roles.includes("control-plane");
    const ordered = [...this.hosts].sort((a, b) => Number(isControlPlane(b)) - Number(isControlPlane(a)));
    const values = ordered.map(({ variables }) => variables.get(name)?.value);
    return values.find((value) => value !== undefined && withheldIn(value) === undefined);
  };

  /** Variables of any host of which nobody has said anything yet, in the order of the inventory. */
  variableNames(): string[] {
    const names = new Set(this.hosts.flatMap(({ variables }) => [...variables.keys()]));
    return [...names].filter((name) => !this.#seen.has(name));
  }

  /** Where a variable stands. */
  placesOf(name: string): string {
    const places = this.hosts.flatMap(({ variables }) => variables.get(name)?.where ?? []);
    return shortly([...new Set(places)]);
  }
}
