import assert from "node:assert/strict";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

const etcdctl =
  "/opt/plinth/bin/etcdctl --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck.crt --key /etc/kubernetes/pki/etcd/healthcheck.key --endpoints https://127.0.0.1:2379";

/** What a cluster that was brought up looks like. */
export function bringUp(project: Project): void {
  describe("a cluster that is up", () => {
    it("answers through the VIP, every check green", async () => {
      const { stdout } = await project.expect(0, "kubectl", "get", "--raw", "/readyz?verbose");
      assert.match(stdout, /readyz check passed/);
      assert.doesNotMatch(stdout, /^\[-\]/m);
    });

    it("has leaders for controller manager and scheduler", async () => {
      const { stdout } = await project.expect(0, "kubectl", "get", "leases", "-n", "kube-system", "-o", "name");
      assert.match(stdout, /kube-controller-manager/);
      assert.match(stdout, /kube-scheduler/);
    });

    it("lists all API servers behind the kubernetes service", async () => {
      const { stdout } = await project.expect(
        0,
        "kubectl",
        "get",
        "endpointslice",
        "kubernetes",
        "-o",
        "jsonpath={.endpoints[*].addresses[0]}",
      );
      assert.deepEqual(stdout.trim().split(" ").sort(), ["10.27.0.11", "10.27.0.12", "10.27.0.13"]);
    });

    it("has three started etcd members, none of them a learner", async () => {
      const { members } = JSON.parse(await project.read("cp1", `${etcdctl} member list -w json`)) as {
        members: { name: string; isLearner?: boolean; clientURLs: string[] }[];
      };
      assert.deepEqual(members.map((member) => member.name).sort(), ["cp1", "cp2", "cp3"]);
      for (const member of members) {
        assert.ok(member.isLearner !== true, `${member.name} is a voter`);
        assert.ok(member.clientURLs.length > 0, `${member.name} is started`);
        for (const url of member.clientURLs) assert.match(url, /^https:/);
      }
    });

    it("lets nobody talk to etcd without a client certificate", async () => {
      const ask = (more: string) =>
        project.onHost(
          "cp1",
          `curl -sS --max-time 5 --cacert /etc/kubernetes/pki/etcd/ca.crt ${more} https://10.27.0.12:2379/version`,
        );
      const pki = "/etc/kubernetes/pki/etcd/healthcheck";
      assert.match((await ask(`--cert ${pki}.crt --key ${pki}.key`)).stdout, /"etcdserver":"3\./);
      const without = await ask("");
      assert.notEqual(without.code, 0);
      assert.equal(without.stdout, "");
    });

    it("lets anonymous requests see health and nothing else", async () => {
      const ask = (path: string) =>
        project.read(
          "cp1",
          `curl -s -o /dev/null -w '%{http_code}' --cacert /etc/kubernetes/pki/ca.crt https://10.27.0.10:6443${path}`,
        );
      assert.equal(await ask("/readyz"), "200");
      assert.equal(await ask("/api"), "401");
      assert.equal(await ask("/version"), "401");
    });

    it("encrypts secrets at rest", async () => {
      await project.expect(
        0,
        "kubectl",
        "create",
        "secret",
        "generic",
        "at-rest",
        "--from-literal=word=plainly-visible",
      );
      const stored = await project.read("cp2", `${etcdctl} get /registry/secrets/default/at-rest`);
      assert.match(stored, /k8s:enc:secretbox:v1:key1/);
      assert.doesNotMatch(stored, /plainly-visible/);
      await project.expect(0, "kubectl", "delete", "secret", "at-rest");
    });

    it("status is green and names one VIP holder", async () => {
      const { stdout } = await healthy(project);
      assert.match(stdout, /VIP 10\.27\.0\.10\s+cp[123]\n/);
    });
  });
}
