import assert from "node:assert/strict";
import { mappings, objectPath, rootOf } from "../../../../plugins/kubernetes/discovery.ts";
import { builtInScope, gvkOf, isList, parseToken } from "../../../../plugins/kubernetes/kinds.ts";

describe("kinds", () => {
  it("are read from type tokens", () => {
    assert.deepEqual(parseToken("kubernetes:apps/v1:Deployment"), { group: "apps", version: "v1", kind: "Deployment" });
    assert.deepEqual(parseToken("kubernetes:core/v1:Service"), { group: "", version: "v1", kind: "Service" });
    assert.deepEqual(parseToken("kubernetes:cert-manager.io/v1:Issuer"), {
      group: "cert-manager.io",
      version: "v1",
      kind: "Issuer",
    });
    for (const token of ["kubernetes:yaml:ConfigFile", "aws:s3/v1:Bucket", "kubernetes:apps/v1"]) {
      assert.equal(parseToken(token), undefined, token);
    }
  });

  it("are read from objects", () => {
    assert.deepEqual(gvkOf("v1", "Pod"), { group: "", version: "v1", kind: "Pod" });
    assert.deepEqual(gvkOf("apps/v1", "Deployment"), { group: "apps", version: "v1", kind: "Deployment" });
  });

  it("of Kubernetes itself have a known scope", () => {
    assert.equal(builtInScope(gvkOf("v1", "Namespace")), "cluster");
    assert.equal(builtInScope(gvkOf("apps/v1", "Deployment")), "namespace");
    assert.equal(builtInScope(gvkOf("example.com/v1", "Widget")), undefined);
  });

  it("that end in List are lists only when they are Kubernetes's own", () => {
    assert.equal(isList(gvkOf("v1", "PodList")), true);
    assert.equal(isList(gvkOf("example.com/v1", "AllowList")), false);
  });
});

describe("discovery", () => {
  const served = mappings("/apis/apps/v1", {
    resources: [
      { name: "deployments", kind: "Deployment", namespaced: true },
      { name: "deployments/scale", kind: "Scale", namespaced: true },
      { name: "deployments/status", kind: "Deployment", namespaced: true },
      { name: "things", kind: "Thing", namespaced: false },
    ],
  });

  it("asks the part of the API that serves a kind", () => {
    assert.equal(rootOf(gvkOf("v1", "Pod")), "/api/v1");
    assert.equal(rootOf(gvkOf("apps/v1", "Deployment")), "/apis/apps/v1");
  });

  it("leaves out subresources", () => {
    assert.deepEqual([...served.keys()], ["Deployment", "Thing"]);
  });

  it("gives the paths of objects", () => {
    const [deployment, thing] = [...served.values()];
    assert.ok(deployment && thing);
    assert.equal(objectPath(deployment, "web", "a"), "/apis/apps/v1/namespaces/web/deployments/a");
    assert.equal(objectPath(deployment, ""), "/apis/apps/v1/namespaces/default/deployments");
    assert.equal(objectPath(thing, "", "system:node"), "/apis/apps/v1/things/system%3Anode");
  });
});
