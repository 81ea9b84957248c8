import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../../plan/config.ts";
import { kubeletHours, leafHours } from "../../../plan/lives.ts";
import { configOf, rawConfig } from "../../support/cluster.ts";

describe("plan/lives", () => {
  it("are those of certificateDays unless they are said", () => {
    assert.deepEqual(leafHours(configOf()), { validity: 8760, earlyRenewal: 2920 });
    assert.equal(kubeletHours(configOf()), 8760);
    assert.deepEqual(leafHours(configOf({ certificateDays: 7 })), { validity: 168, earlyRenewal: 56 });
  });

  it("may be hours, of kubelets others than of leaves", () => {
    const config = configOf({ certificates: { leafHours: 48, kubeletHours: 0.25 } });
    assert.deepEqual(leafHours(config), { validity: 48, earlyRenewal: 16 });
    assert.equal(kubeletHours(config), 0.25);
    assert.equal(kubeletHours(configOf({ certificates: { leafHours: 48 } })), 48);
  });

  it("leave a time in which they are renewed, however short they are, in whole hours where they have some", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 87600 }), fc.double({ min: 0.1, max: 10, noNaN: true })),
        (hours) => {
          const { validity, earlyRenewal } = leafHours(configOf({ certificates: { leafHours: hours } }));
          assert.equal(validity, hours);
          assert.ok(earlyRenewal > 0 && earlyRenewal < validity);
          if (Number.isInteger(hours) && hours >= 3) assert.ok(Number.isInteger(earlyRenewal));
        },
      ),
    );
  });

  it("are refused where they are too short for anything to happen in them, too long, or called otherwise", () => {
    const told = (certificates: unknown) =>
      parseConfig({ ...rawConfig, certificates }).findings.map(({ message }) => message);
    assert.match(
      told({ leafHours: 0.05 })[0] ?? "",
      /certificates\.leafHours must be at least 0\.1: an up takes minutes/,
    );
    assert.match(
      told({ kubeletHours: 0.1 })[0] ?? "",
      /must be at least 0\.17: Kubernetes signs for 10 minutes or more/,
    );
    assert.match(told({ leafHours: 100000 })[0] ?? "", /at most 87600/);
    assert.equal(told({ leafDays: 1 }).length, 1);
  });
});
