import assert from "node:assert/strict";
import { clusterDnsAddress } from "../../../../plan/addons/dns.ts";
import { configOf } from "../../../support/cluster.ts";

describe("clusterDnsAddress", () => {
  it("is the tenth address of the service network", () => {
    assert.equal(clusterDnsAddress(configOf()), "10.96.0.10");
    assert.equal(clusterDnsAddress(configOf({ serviceCidr: "172.20.0.0/24" })), "172.20.0.10");
  });

  it("is not guessed from something that is no network", () => {
    assert.throws(() => clusterDnsAddress({ serviceCidr: "10.96.0.1/16" }), /plinth:serviceCidr 10\.96\.0\.1\/16/);
  });
});
