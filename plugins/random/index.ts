import { bridged } from "../bridged/handler.ts";
import type { ProviderDefinition } from "../provider/types.ts";
import { randomId, randomPassword } from "./resources.ts";

/** The part of @pulumi/random that Plinth serves by itself. */
export const randomProvider: ProviderDefinition = {
  name: "random",
  version: "4.21.2",
  acceptSecrets: false,
  resources: {
    "random:index/randomPassword:RandomPassword": bridged(randomPassword),
    "random:index/randomId:RandomId": bridged(randomId),
  },
};
