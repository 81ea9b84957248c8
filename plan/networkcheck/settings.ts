import { z } from "zod";
import { dnsDomain } from "../texts.ts";

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

/** `plinth:networkCheck`: when the data path is tested, and for how long a result counts. */
export const networkCheckSchema = z.strictObject({
  /** Whether `up` tests the data path after a run that changed what carries it. */
  afterUp: flag.default(true),
  /**
   * Hours after which `status` calls the last result too old; it then also asks for one where there was none yet. Default: 168 (a week),
   * once there is a result.
   */
  maxAgeHours: z.coerce.number().int().min(1).max(8760).optional(),
  /** A name outside of the cluster that its DNS must resolve. Default: any answer of the name servers is enough. */
  outsideName: dnsDomain.optional(),
});

export type NetworkCheckSettings = z.output<typeof networkCheckSchema>;

/** A week: long enough for sites that test by `up` alone, short enough that a result says something. */
export const defaultMaxAgeHours = 168;
