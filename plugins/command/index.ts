import type { ProviderDefinition } from "../provider/types.ts";
import { remoteCommand } from "./remoteCommand.ts";

/** The part of @pulumi/command that Plinth serves by itself. */
export const commandProvider: ProviderDefinition = {
  name: "command",
  version: "1.2.1",
  acceptSecrets: true,
  // The official plugin adds this to its provider's inputs: without it every state would show a changed provider.
  extraConfig: { "__pulumi-go-provider-version": "1.2.0" },
  resources: {
    "command:remote:Command": remoteCommand,
  },
};
