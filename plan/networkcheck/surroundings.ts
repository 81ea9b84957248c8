import { z } from "zod";
import * as told from "../told.ts";

/** What the test takes from the cluster as it is, so that it is the same for a cluster and for a pool of workers. */
export interface Surroundings {
  /** Image of the cluster's DNS. */
  image: string;
  /** Service address of the cluster's DNS. */
  dns: string;
  /** Service address of the API. */
  api: string;
  /** Domain of services. */
  domain: string;
  /** Whether the cluster's DNS asks others for names outside of the domain. */
  forwards: boolean;
}

const imageOfDns = z
  .object({
    spec: z.object({
      template: z.object({
        spec: z.object({
          containers: z.array(z.object({ name: z.string(), image: z.string().regex(/^[\w./:@-]{1,300}$/) })).nonempty(),
          volumes: z.array(z.object({ configMap: z.object({ name: told.nodeName }).optional() })).default([]),
        }),
      }),
    }),
  })
  .transform(({ spec: { template } }) => {
    const { containers, volumes } = template.spec;
    const image = containers.find(({ name }) => name === "coredns")?.image ?? containers[0]?.image ?? "";
    return { image, configMap: volumes.flatMap(({ configMap }) => configMap?.name ?? [])[0] };
  });

const service = z.object({ spec: z.object({ clusterIP: z.ipv4() }) }).transform(({ spec }) => spec.clusterIP);

/** The Deployment of the cluster's DNS: its image, and the ConfigMap that it is configured by. Undefined where it is not as expected. */
export function parseDnsDeployment(object: unknown): { image: string; configMap: string | undefined } | undefined {
  return imageOfDns.safeParse(object).data;
}

/** The address of a Service; undefined where it has none. */
export function parseServiceAddress(object: unknown): string | undefined {
  return service.safeParse(object).data;
}

const configMap = z.object({ data: z.object({ Corefile: z.string().max(2 ** 20) }) });

/** What the cluster's DNS is configured for. */
export function parseDnsConfig(object: unknown): Pick<Surroundings, "domain" | "forwards"> | undefined {
  const corefile = configMap.safeParse(object).data?.data.Corefile;
  const domain = told.nodeName.safeParse(/^\s*kubernetes\s+(\S+)/m.exec(corefile ?? "")?.[1]).data;
  if (corefile === undefined || domain === undefined) return undefined;
  return { domain, forwards: /^\s*forward\s+\.\s/m.test(corefile) };
}
