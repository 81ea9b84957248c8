import { isDeepStrictEqual } from "node:util";
import { mergeListings, type FoundSet, type SnapshotOfSet } from "../../plan/backup/listing.ts";
import type { BackupSet } from "../../plan/backup/set.ts";
import { CliError } from "../errors.ts";
import type { SealedCopy } from "./copies.ts";
import { usualList, type ListLimits } from "./limits.ts";
import type { Place } from "./places.ts";
import { listSets, readSet, type Restic } from "./repository.ts";
import type { ListedSet, SetStore } from "./store.ts";

/** What all places together have, and which of them could not tell. */
export interface Listing {
  sets: FoundSet[];
  problems: string[];
}

/** The sets on a stack's targets, as an operator reads them. Members write them. */
export class TargetStore implements Omit<SetStore, "write"> {
  readonly #restic: Restic;
  readonly places: readonly Place[];
  readonly #clusterId: string | undefined;
  readonly #limits: ListLimits;
  #listing: Promise<Listing> | undefined;

  /**
   * @param clusterId whose sets are looked for; undefined where that is not known any more.
   * @param limits of each place; one that has more counts as one that cannot tell.
   */
  constructor(
    restic: Restic,
    places: readonly Place[],
    clusterId: string | undefined,
    { limits = usualList }: { limits?: ListLimits } = {},
  ) {
    this.#restic = restic;
    this.places = places;
    this.#clusterId = clusterId;
    this.#limits = limits;
  }

  /** All sets; asked once. */
  listing(): Promise<Listing> {
    return (this.#listing ??= this.#ask());
  }

  async #ask(): Promise<Listing> {
    const problems: string[] = [];
    const listings = new Map<string, SnapshotOfSet[]>();
    await Promise.all(
      this.places.map(async (place) => {
        try {
          listings.set(place.name, await listSets(this.#restic, place, this.#limits));
        } catch (error) {
          if (!(error instanceof CliError)) throw error;
          problems.push(error.message);
        }
      }),
    );
    const inOrder = new Map(
      this.places.flatMap(({ name }) => {
        const sets = listings.get(name);
        return sets === undefined ? [] : [[name, sets] as const];
      }),
    );
    return { sets: mergeListings(inOrder, this.#clusterId), problems: problems.sort() };
  }

  async list(): Promise<ListedSet[]> {
    const { sets, problems } = await this.listing();
    if (sets.length === 0 && problems.length > 0) throw new CliError(problems.join("\n"));
    return sets.map(({ id, copies, set }): ListedSet => {
      const place = copies.map((copy) => copy.place).join(", ");
      return "problem" in set ? { id, place, problem: set.problem } : { id, place, set };
    });
  }

  /** The copies of a set, in the order of places. */
  async copies(wanted: BackupSet): Promise<SealedCopy[]> {
    const { sets } = await this.listing();
    return sets
      .filter(({ set }) => isDeepStrictEqual(set, wanted))
      .flatMap(({ copies }) => copies)
      .flatMap(({ place: name, snapshot }) => {
        const place = this.places.find((one) => one.name === name);
        if (place === undefined) return [];
        return [{ place: name, read: () => Promise.resolve(readSet(this.#restic, place, snapshot)) }];
      });
  }
}
