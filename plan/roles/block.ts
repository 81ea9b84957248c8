import type { PartContent } from "../bundles/content.ts";

/**
 * What one line of a role puts on a host. Blocks are values: the functions of plan/roles/blocks/ make them, and the role's part joins them
 * in their order.
 */
export interface Block extends Pick<
  PartContent,
  "directories" | "downloads" | "files" | "links" | "resources" | "secrets" | "units"
> {
  /** Kernel parameters, each of one block: those of a role go into one file. */
  parameters?: Readonly<Record<string, string>>;
  /** Modules of the kernel: likewise. */
  modules?: readonly string[];
  /** By what of it the host may be cut off from the operator: its role must have `confirm` then. Default: by nothing. */
  cutsOff?: string;
}

/** A block cannot be made of what it was given; the message says what was expected, and the role and its host are put in front. */
export class BlockError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BlockError";
  }
}
