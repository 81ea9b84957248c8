import assert from "node:assert/strict";
import { hasReadyPods, servicesOf } from "../../../../plan/networkcheck/behind.ts";

const service = (name: string, ports: object[]) => ({ metadata: { namespace: "web", name }, spec: { ports } });

describe("what is behind a service port", () => {
  it("is the Service with that port on Nodes, by TCP", () => {
    const list = {
      items: [
        service("front", [{ nodePort: 30080, protocol: "TCP" }, { nodePort: 30443 }, {}]),
        service("names", [{ nodePort: 30053, protocol: "UDP" }]),
        { metadata: { namespace: "web", name: "inside" }, spec: {} },
      ],
    };
    assert.deepEqual(servicesOf(list, new Set([30443, 30053, 31000])), [
      { namespace: "web", name: "front", nodePort: 30443 },
    ]);
    assert.deepEqual(servicesOf({ items: "none" }, new Set([30443])), []);
  });

  it("answers where one of its pods is ready", () => {
    const slice = (...ready: (boolean | null | undefined)[]) => ({
      endpoints: ready.map((value) => ({ conditions: { ready: value } })),
    });
    assert.equal(hasReadyPods({ items: [slice(), slice(false, true)] }), true);
    assert.equal(hasReadyPods({ items: [slice(undefined)] }), true);
    assert.equal(hasReadyPods({ items: [slice(null)] }), true);
    assert.equal(hasReadyPods({ items: [slice(false), { endpoints: null }] }), false);
    assert.equal(hasReadyPods({ items: [] }), false);
    assert.equal(hasReadyPods("nonsense"), false);
  });
});
