/** Where a setting stands, for findings: how it is called, and whose it is where it is a host's own. */
export interface Place {
  name: string;
  hosts: string[];
}

/** The place of a setting by its key of the configuration and the path in there. */
export type PlaceOf = (key: string, path: readonly string[]) => Place;

/** As if nobody but the stack had said anything. */
export const stackPlace: PlaceOf = (key, path) => ({ name: [`plinth:${key}`, ...path].join("."), hosts: [] });
