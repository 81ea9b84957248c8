/** A resource of the program, as far as the order goes. */
export interface Ordered {
  /** Its URN without stack and project: `types::name`. */
  key: string;
  /** Key of the component that it is a part of. */
  parent?: string;
  /** False for components: they are done when all their parts are. */
  custom: boolean;
  /** Keys of what must have succeeded before. */
  dependsOn: readonly string[];
}

/** The parts of each component, by its key. */
export function partsOf(resources: readonly Ordered[]): Map<string, Ordered[]> {
  const parts = new Map<string, Ordered[]>();
  for (const resource of resources) {
    if (resource.parent === undefined) continue;
    const siblings = parts.get(resource.parent);
    if (siblings === undefined) parts.set(resource.parent, [resource]);
    else siblings.push(resource);
  }
  return parts;
}

/**
 * How many waves of changes are over before a resource begins, and when it has ended. What does not change takes no time, but passes on what
 * waits for it. A part of a component waits for whatever the component waits for, and what waits for a component waits for all its parts.
 *
 * Numbers are remembered: of a run under way, whoever asks for `begin` of a resource once it has begun gets what stays, because all that it
 * waited for is over by then.
 */
export class Depths {
  readonly #byKey: ReadonlyMap<string, Ordered>;
  readonly #parts: ReadonlyMap<string, readonly Ordered[]>;
  readonly #isChanged: (key: string) => boolean;
  readonly #begins = new Map<string, number>();
  readonly #ends = new Map<string, number>();

  constructor(resources: readonly Ordered[], isChanged: (key: string) => boolean) {
    this.#byKey = new Map(resources.map((resource) => [resource.key, resource]));
    this.#parts = partsOf(resources);
    this.#isChanged = isChanged;
  }

  begin(key: string): number {
    return remembered(this.#begins, key, () => {
      const resource = this.#byKey.get(key);
      if (resource === undefined) return 0;
      const parent = resource.parent === undefined ? undefined : this.#byKey.get(resource.parent);
      // Of a component its beginning: its end is made of this.
      const above = parent === undefined ? 0 : parent.custom ? this.end(parent.key) : this.begin(parent.key);
      return resource.dependsOn.reduce((most, other) => Math.max(most, this.end(other)), above);
    });
  }

  end(key: string): number {
    return remembered(this.#ends, key, () => {
      const resource = this.#byKey.get(key);
      if (resource === undefined) return 0;
      if (resource.custom) return this.begin(key) + (this.#isChanged(key) ? 1 : 0);
      const parts = this.#parts.get(key) ?? [];
      return parts.reduce((most, part) => Math.max(most, this.end(part.key)), this.begin(key));
    });
  }
}

/** A cycle, which the engine would refuse, counts as nothing. */
function remembered(known: Map<string, number>, key: string, compute: () => number): number {
  const value = known.get(key);
  if (value !== undefined) return value;
  known.set(key, 0);
  const computed = compute();
  known.set(key, computed);
  return computed;
}
