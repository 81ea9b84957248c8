import * as pulumi from "@pulumi/pulumi";
import { readDigests } from "./components/artifacts.ts";
import { lockForProcess } from "./components/host/lock.ts";
import { readHosts } from "./components/host/reader.ts";
import { readPrevious } from "./components/previous.ts";
import { deploy, type ClusterOutputs } from "./components/program.ts";
import { readStackConfig } from "./components/stackconfig.ts";
import { readRequests } from "./plan/requests.ts";

/** The program of every stack: `hosts/<stack>.ts` and `Pulumi.<stack>.yaml` in, a cluster and its outputs out. */
export default async function program(): Promise<ClusterOutputs> {
  const stack = pulumi.getStack();
  const { default: inventory } = (await import(`./hosts/${stack}.ts`)) as { default: unknown };
  return deploy({
    stack,
    config: readStackConfig(),
    inventory,
    readHosts,
    readDigests,
    readPrevious,
    requests: readRequests(process.env),
    lock: (access, hosts) =>
      lockForProcess(access, hosts, stack, {
        warn: (sentence) => void pulumi.log.warn(sentence).catch(() => undefined),
      }),
  });
}
