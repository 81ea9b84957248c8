import { z } from "zod";

/** A lease of Kubernetes: of a leader, or the heartbeat of a Node. */
export interface Lease {
  name: string;
  /** Empty when nobody has it. */
  holder: string;
  /** When it was renewed, milliseconds since the epoch; undefined when it never was. */
  renewed: number | undefined;
}

const leaseObject = z
  .object({
    metadata: z.object({ name: z.string() }),
    spec: z.object({ holderIdentity: z.string().default(""), renewTime: z.iso.datetime().optional() }).prefault({}),
  })
  .transform(({ metadata, spec }): Lease => ({
    name: metadata.name,
    holder: spec.holderIdentity,
    renewed: spec.renewTime === undefined ? undefined : Date.parse(spec.renewTime),
  }));

const leaseList = z.object({ items: z.array(leaseObject) });

/** @throws Error when it is no lease. */
export function parseLease(json: string): Lease {
  return leaseObject.parse(JSON.parse(json));
}

/** @throws Error when it is no list of leases. */
export function parseLeaseList(json: string): Lease[] {
  return leaseList.parse(JSON.parse(json)).items;
}
