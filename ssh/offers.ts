import type { AnyAuthMethod } from "ssh2";

/** One thing to log in with. */
export interface Offer {
  /** For errors, without secrets. */
  description: string;
  method: AnyAuthMethod;
  /** The public key, base64, of one that an agent offers. */
  agentKey?: string;
}

/** Which key a host took, by host and in base64. */
export type TakenKeys = ReadonlyMap<string, string>;

/**
 * Puts keys into the order in which a host is offered them: the one that it took before, those that other hosts took, the
 * more of them the earlier, and the others as they come.
 */
export function inOrderOfUse<K>(keys: readonly K[], nameOf: (key: K) => string, host: string, taken: TakenKeys): K[] {
  const uses = new Map<string, number>();
  for (const name of taken.values()) uses.set(name, (uses.get(name) ?? 0) + 1);
  const own = taken.get(host);
  if (own !== undefined) uses.set(own, Infinity);
  const rank = (key: K): number => uses.get(nameOf(key)) ?? 0;
  // Ranks are compared, not subtracted; equal ones keep their order.
  return [...keys].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) > rank(b) ? -1 : 1));
}

/** How the list of offers stands after a connection has ended within the login. */
export type LoginEnd =
  /** Some were refused, others were not heard: dial again for these. */
  | "more"
  /** All were refused. */
  | "refused"
  /** Nothing was learnt of any. */
  | "unknown";

/**
 * What a host has not refused yet, over as many connections as that takes: sshd ends a connection after so many refusals
 * (`MaxAuthTries`, 6), and an agent may have more keys than that.
 */
export class Offers {
  readonly all: readonly Offer[];
  readonly #left: Offer[];
  #current: Offer | undefined;
  #learnt = false;

  constructor(offers: readonly Offer[]) {
    this.all = offers;
    this.#left = [...offers];
  }

  /** A new connection: the offer that the last one left without an answer comes first. */
  begin(): void {
    this.#current = undefined;
    this.#learnt = false;
  }

  /** The next offer, asked for at the start and after each refusal; undefined when there is none left. */
  next(): Offer | undefined {
    if (this.#current !== undefined) this.#drop();
    this.#current = this.#left[0];
    return this.#current;
  }

  /** The offer under way, or the one that was taken. */
  get current(): Offer | undefined {
    return this.#current;
  }

  /** @param told the host said that it ends the connection, which answers the offer under way. */
  end(told: boolean): LoginEnd {
    if (told && this.#current !== undefined) this.#drop();
    this.#current = undefined;
    if (this.#left.length === 0) return "refused";
    return this.#learnt ? "more" : "unknown";
  }

  #drop(): void {
    this.#left.shift();
    this.#learnt = true;
  }
}
