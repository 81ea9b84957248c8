import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isSameLoad,
  loadOf,
  loadSentence,
  longestSeconds,
  profileNames,
  profiles,
} from "../../../../plan/loadtest/profiles.ts";
import { objectsAtFirst, operationAt, placeAt } from "../../../../plan/loadtest/schedule.ts";
import { configMapObject, namespaceObject, podObject } from "../../../../plan/loadtest/objects.ts";

describe("the requests of a load", () => {
  it("never make more objects than wanted, whatever is lost, and never read what is being deleted", () => {
    const outcomes = fc.array(fc.constantFrom("done", "not done", "unknown"), { minLength: 1, maxLength: 500 });
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 4, max: 40 }), (fates, most) => {
        let live = objectsAtFirst(most);
        let unknown = 0;
        for (const [index, fate] of fates.entries()) {
          const operation = operationAt(index, { live, unknown }, most);
          if (operation === "create") {
            if (fate === "done") live += 1;
            if (fate === "unknown") unknown += 1;
          } else {
            const place = placeAt(operation, index, live);
            assert.ok(place >= 0 && place < live, `${operation} at ${place} of ${live}`);
            if (operation === "delete") {
              if (fate !== "not done") live -= 1;
              if (fate === "unknown") unknown += 1;
            } else assert.ok(place >= Math.floor(live / 2));
          }
          assert.ok(live + unknown <= most && live >= 1, `${live} and ${unknown} of ${most}`);
        }
      }),
    );
  });

  it("are reads, updates, and as many creations as deletions", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 100; index += 1) {
      const operation = operationAt(index, { live: 50, unknown: 0 }, 100);
      counts.set(operation, (counts.get(operation) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries(counts), { get: 60, update: 20, create: 10, delete: 10 });
  });
});

describe("profiles", () => {
  it("are bounded, and larger from one to the next", () => {
    const loads = profileNames.map((name) => loadOf(name));
    for (const [index, load] of loads.entries()) {
      const before = loads[index - 1];
      assert.ok(before === undefined || (load.rate > before.rate && load.objects > before.objects));
      assert.ok(longestSeconds(load) < 3600);
      assert.match(loadSentence(load), new RegExp(`^${load.profile}: ${load.rate} requests per second`));
    }
  });

  it("take a duration and a rate in place of their own, and are another load then", () => {
    const load = loadOf("small", { seconds: 30, rate: 5 });
    assert.deepEqual([load.seconds, load.rate, load.pods], [30, 5, profiles.small.pods]);
    assert.equal(isSameLoad(load, loadOf("small", { seconds: 30, rate: 5 })), true);
    assert.equal(isSameLoad(load, loadOf("small")), false);
  });
});

describe("objects of a load test", () => {
  it("keep to the standard restricted, and pull no image that is there", () => {
    const { spec } = podObject({ id: "0a", name: "pod-1", image: "registry.example.net/pause:1", nodes: ["w1"] }) as {
      spec: Record<string, unknown> & { containers: Record<string, unknown>[] };
    };
    assert.partialDeepStrictEqual(spec, {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    assert.partialDeepStrictEqual(spec.containers[0], {
      imagePullPolicy: "IfNotPresent",
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    });
    assert.deepEqual(Object.keys(spec).includes("tolerations"), false);
  });

  it("all carry the label by which what is left of a killed test is found", () => {
    const claim = { owner: "ada on laptop", renewed: 0, deadline: 0 };
    for (const object of [namespaceObject("0a", claim), configMapObject("0a", "object-1", 16, 3)]) {
      const { metadata } = object as { metadata: { labels: Record<string, string> } };
      assert.equal(metadata.labels["loadtests.plinth/id"], "0a");
    }
    const { data } = configMapObject("0a", "object-1", 16, 3) as { data: { content: string } };
    assert.equal(data.content, "xxxxxxxxxxxxxxx3");
  });
});
