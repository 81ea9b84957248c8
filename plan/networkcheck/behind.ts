import { z } from "zod";
import * as told from "../told.ts";

/** A Service with a port on Nodes. */
export interface NodePortService {
  namespace: string;
  name: string;
  nodePort: number;
}

const port = z.object({ nodePort: z.int().optional(), protocol: z.string().default("TCP") });
const serviceList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: told.nodeName, name: told.nodeName }),
      spec: z.object({ ports: z.array(port).default([]) }),
    }),
  ),
});

/** The Services that have one of these ports on Nodes, by TCP, of the API's list of all Services; none where the list makes no sense. */
export function servicesOf(list: unknown, nodePorts: ReadonlySet<number>): NodePortService[] {
  const items = serviceList.safeParse(list).data?.items ?? [];
  return items.flatMap(({ metadata: { namespace, name }, spec }) =>
    spec.ports.flatMap(({ nodePort, protocol }) =>
      nodePort !== undefined && protocol === "TCP" && nodePorts.has(nodePort) ? [{ namespace, name, nodePort }] : [],
    ),
  );
}

const sliceList = z.object({
  items: z.array(
    z.object({
      endpoints: z
        .array(z.object({ conditions: z.object({ ready: z.boolean().nullish() }).default({}) }))
        .nullish()
        .transform((endpoints) => endpoints ?? []),
    }),
  ),
});

/** Whether a Service has a pod that is ready, by the API's list of its EndpointSlices. Not telling counts as ready, as the API has it. */
export function hasReadyPods(list: unknown): boolean {
  const items = sliceList.safeParse(list).data?.items ?? [];
  return items.some(({ endpoints }) => endpoints.some(({ conditions }) => conditions.ready !== false));
}
