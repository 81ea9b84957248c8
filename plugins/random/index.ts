import type { Adoptions } from "../bridged/adoptions.ts";
import { bridged } from "../bridged/handler.ts";
import type { ProviderDefinition } from "../provider/types.ts";
import { randomId, randomPassword } from "./resources.ts";

/**
 * The part of @pulumi/random that Plinth serves by itself.
 *
 * @param adoptions texts and ids that exist already. Default: none.
 */
export const randomProviderWith = (adoptions?: Adoptions): ProviderDefinition => ({
  name: "random",
  version: "4.21.2",
  acceptSecrets: false,
  resources: {
    "random:index/randomPassword:RandomPassword": bridged(randomPassword, adoptions),
    "random:index/randomId:RandomId": bridged(randomId, adoptions),
  },
});

export const randomProvider: ProviderDefinition = randomProviderWith();
