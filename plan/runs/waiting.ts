import type { EventOf, Thing, WaitingThing } from "./event.ts";
import { partsOf, type Ordered } from "./order.ts";

/** How far the resources of an operation are. */
export interface Reached {
  /** Keys of those that are over, changed or not. */
  ended: ReadonlySet<string>;
  /** Keys of those under way. */
  running: ReadonlySet<string>;
}

export type Waiting = Omit<EventOf<"waiting">, "type" | "at">;

/** So many things are told, and of each so many that it waits for. */
const told = { things: 30, reasons: 3 };

/**
 * What waits for what. Of several things on one host the first one counts: the others wait for it.
 *
 * @param resources in the order in which the program declares them.
 * @param nameOf what people call it; undefined for what they need not see.
 */
export function waitingOf(
  resources: readonly Ordered[],
  { ended, running }: Reached,
  nameOf: (key: string) => Thing | undefined,
): Waiting {
  const custom = resources.filter((resource) => resource.custom);
  const blockers = new Blockers(resources, ended);
  const first = new Map<string, WaitingThing>();
  let count = 0;
  for (const resource of custom) {
    if (ended.has(resource.key) || running.has(resource.key)) continue;
    const name = nameOf(resource.key);
    if (name === undefined) continue;
    const place = name.host ?? `\n${name.what}`;
    if (first.size < told.things && !first.has(place)) {
      const reasons = reasonsOf(blockers.of(resource), running, nameOf);
      // Nothing to wait for: the engine is about to come to it.
      if (reasons.length === 0) continue;
      first.set(place, {
        ...name,
        for: reasons.slice(0, told.reasons),
        more: Math.max(0, reasons.length - told.reasons),
      });
    }
    count += 1;
  }
  const done = custom.filter(({ key }) => ended.has(key)).length;
  return { done, total: custom.length, count, things: [...first.values()] };
}

/** Each once, by name, those under way first. */
function reasonsOf(
  keys: ReadonlySet<string>,
  running: ReadonlySet<string>,
  nameOf: (key: string) => Thing | undefined,
): Thing[] {
  const sorted = [...keys].sort((a, b) => Number(running.has(b)) - Number(running.has(a)));
  const named = sorted.flatMap((key) => nameOf(key) ?? []);
  return [...new Map(named.map((thing) => [`${thing.what}\n${thing.host ?? ""}`, thing])).values()];
}

/** What resources wait for directly: resources, where components stand for their parts. */
class Blockers {
  readonly #byKey: ReadonlyMap<string, Ordered>;
  readonly #parts: ReadonlyMap<string, readonly Ordered[]>;
  readonly #ended: ReadonlySet<string>;
  readonly #within = new Map<string, readonly string[]>();

  constructor(resources: readonly Ordered[], ended: ReadonlySet<string>) {
    this.#byKey = new Map(resources.map((resource) => [resource.key, resource]));
    this.#parts = partsOf(resources);
    this.#ended = ended;
  }

  of(resource: Ordered): Set<string> {
    const found = new Set<string>();
    for (let each: Ordered | undefined = resource; each !== undefined; each = this.#above(each)) {
      for (const key of each.dependsOn.flatMap((other) => this.#unfinished(other))) found.add(key);
      const above = this.#above(each);
      if (above?.custom === true) for (const key of this.#unfinished(above.key)) found.add(key);
    }
    found.delete(resource.key);
    return found;
  }

  #above({ parent }: Ordered): Ordered | undefined {
    return parent === undefined ? undefined : this.#byKey.get(parent);
  }

  /** A resource that is not over; of a component its parts that are not. */
  #unfinished(key: string): readonly string[] {
    const known = this.#within.get(key);
    if (known !== undefined) return known;
    // What a cycle comes back to counts as nothing.
    this.#within.set(key, []);
    const resource = this.#byKey.get(key);
    const keys =
      resource === undefined
        ? []
        : resource.custom
          ? this.#ended.has(key)
            ? []
            : [key]
          : (this.#parts.get(key) ?? []).flatMap((part) => this.#unfinished(part.key));
    this.#within.set(key, keys);
    return keys;
  }
}
