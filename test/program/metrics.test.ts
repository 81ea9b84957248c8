import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterOutputs } from "../../components/outputs.ts";
import { deploy } from "../../components/program.ts";
import { renderRules } from "../../plan/alerts/index.ts";
import { renderScrapeConfig } from "../../plan/metrics/scrape.ts";
import { noRequests } from "../../plan/requests.ts";
import { configOf, hostsOf, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { digestsFor } from "../support/digests.ts";
import { answered } from "../support/program.ts";
import { record } from "../support/recorder.ts";

const hosts = hostsOf();

async function outputsWith(raw: Record<string, unknown>): Promise<ClusterOutputs> {
  const digests = digestsFor(hosts, configOf(raw));
  const { outputs } = await record(
    () =>
      deploy({
        stack: "demo",
        config: { ...rawConfig, ...raw },
        inventory: threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
        readHosts: () => Promise.resolve(readingsOf(hosts)),
        readDigests: () => Promise.resolve(digests),
        lockedDigests: undefined,
        readPrevious: () => Promise.resolve({}),
        requests: noRequests,
        lock: () => Promise.resolve(() => Promise.resolve()),
      }),
    { state: answered },
  );
  return outputs as ClusterOutputs;
}

describe("what a stack tells a Prometheus of one's own", () => {
  it("is how hosts are asked, what alerts, and as a secret who may ask", async () => {
    const outputs = await outputsWith({ metrics: {} });
    assert.equal(outputs.scrapeConfig, renderScrapeConfig(hosts, configOf({ metrics: {} })));
    assert.equal(outputs.alertRules, renderRules());
    assert.ok(outputs.metricsIdentity !== undefined);
    assert.equal(await pulumi.isSecret(outputs.metricsIdentity), true);
  });

  it("is nothing where hosts tell no figures", async () => {
    const outputs = await outputsWith({});
    for (const name of ["scrapeConfig", "alertRules", "metricsIdentity"]) assert.ok(!(name in outputs), name);
  });
});
