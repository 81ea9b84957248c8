import type { CallContext } from "../provider/types.ts";

/** What exists already of a stack whose state is gone: resources take it over, where they would be created. */
export class Adoptions {
  /** Those that were not what the program asks for, and were made anew: `TYPE::NAME`. */
  readonly unfit = new Set<string>();
  /** Those that were taken over. */
  readonly taken = new Set<string>();
  readonly #texts: ReadonlyMap<string, string>;

  /** @param texts `TYPE::NAME` → the thing itself, such as a PEM; the type without what it is a part of. */
  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
  }

  adopt<Made>(
    { urn, name }: Pick<CallContext, "urn" | "name">,
    take: (text: string) => Made | undefined,
  ): Made | undefined {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const key = `${type}::${name}`;
    const text = this.#texts.get(key);
    if (text === undefined) return undefined;
    const made = take(text);
    (made === undefined ? this.unfit : this.taken).add(key);
    return made;
  }
}
