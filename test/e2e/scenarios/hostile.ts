import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { allHosts } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { etcdctl, kubectlOnHost } from "../support/roster.ts";
import { healthy } from "../support/status.ts";

/** What a hostile worker tells besides the truth, or instead of it, as a sed program for its answers; none of it is a fact. */
const forgeries: Readonly<Record<string, string>> = {
  "a member with shell in its name":
    "$i etcd-member ee x;touch${IFS}/root/pwned;# https://10.27.0.99:2380 started voter",
  "shell as its name": "s|^hostname .*|hostname $(touch /root/pwned)|",
  "a Node that looks like an option": "$i nodes 1\\nnode --all True - - - - -",
  "a Node with shell in its name": "$i nodes 1\\nnode cp1;touch${IFS}/root/pwned True - - - - -",
  "a path as its machine id": "s|^machine-id .*|machine-id ../../etc/shadow|",
  "a number that is none": "s|^memory-kib .*|memory-kib -1|",
  "an address that is none": "$i address 10.27.0.21/$(touch${IFS}/root/pwned) eth0",
  "a URL with somebody in it": "$i etcd-member ee x https://root@10.27.0.11:2380 started voter",
  "marks for terminals": "s|^os .*|os \\x1b[2J\\x1b]0;owned\\x07 12|",
  "nothing at all": "d",
};

/** What fits every form, and is about others than itself. */
const lies = [
  "$i nodes 1\\nnode w9 True - 10.27.0.99 lab - -",
  "$i etcd-member ee evil https://10.27.0.99:2380 started voter",
];

/** A worker whose root is somebody else's: it says what it likes, and asks for what it likes. */
export function hostile(project: Project): void {
  describe("a hostile worker", () => {
    /** Runs a command on it as its root, past what it does to us. */
    const onWorker = (script: string): Promise<string> => project.read("w1", `: friend; ${script}`);
    const forge = (program: string): Promise<string> =>
      onWorker(`cat >/run/hostile.sed <<'END'\n${program}\nEND\nrm -f /run/hostile.flood`);

    async function nothingHappened(): Promise<void> {
      for (const host of allHosts) {
        const script = "if test -e /root/pwned; then echo pwned; fi";
        assert.equal(host === "w1" ? await onWorker(script) : await project.read(host, script), "", host);
      }
      assert.ok(!existsSync("/root/pwned"), "on the operator's machine");
      const nodes = await project.read("cp1", `${kubectlOnHost} get nodes -o name`);
      assert.deepEqual(
        nodes.trim().split("\n").sort(),
        allHosts.map((name) => `node/${name}`),
      );
      assert.equal((await project.read("cp1", `${etcdctl} member list | wc -l`)).trim(), "3");
    }

    before(async () => {
      await project.read(
        "w1",
        [
          "cat >/usr/local/bin/hostile <<'END'",
          "#!/bin/sh",
          'case $SSH_ORIGINAL_COMMAND in *friend*) exec sh -c "$SSH_ORIGINAL_COMMAND" ;; esac',
          "if test -e /run/hostile.flood; then exec cat /run/hostile.flood; fi",
          "sudo -n sh -s | sed -f /run/hostile.sed",
          "END",
          "chmod 755 /usr/local/bin/hostile",
          "echo p >/run/hostile.sed",
          "echo 'ForceCommand /usr/local/bin/hostile' >/etc/ssh/sshd_config.d/99-hostile.conf",
          "systemctl reload ssh",
        ].join("\n"),
      );
    });

    for (const [title, program] of Object.entries(forgeries))
      it(`is left out when it tells ${title}`, async () => {
        await forge(program);
        const { code, text } = await project.plinth("preview");
        assert.equal(code, 0, text);
        assert.match(text, /left as it is: w1: .*run again, or take it out of the inventory and say --lost w1/);
        // eslint-disable-next-line no-control-regex -- that is the point
        assert.doesNotMatch(text, /\x1b\[2J|\x1b\]0/);
      });

    it("is left out when its answer is too long", async () => {
      await onWorker("head -c 9437184 /dev/zero | tr '\\0' x >/run/hostile.flood");
      const { code, text } = await project.plinth("preview");
      assert.equal(code, 0, text);
      assert.match(text, /left as it is: w1: the answer of the host is longer than 8 Mi characters/);
    });

    it("tells nobody anything about others", async () => {
      for (const lie of lies) {
        await forge(lie);
        const { code, text } = await project.plinth("preview");
        assert.deepEqual([code, /Plan: no changes/.test(text)], [0, true], text);
      }
    });

    it("keeps the others neither from being changed nor from being looked at", async () => {
      await forge(forgeries["a member with shell in its name"] ?? "");
      project.configure("kubeletConfig", "{ failCgroupV1: false, maxPods: 101 }");
      const { code, text } = await project.plinth("up", "--yes");
      assert.equal(code, 1, text);
      assert.match(text, /left as it is: w1: /);
      for (const host of allHosts.filter((name) => name !== "w1"))
        assert.match(await project.read(host, "cat /etc/kubernetes/kubelet.yaml"), /maxPods: 101/, host);
      assert.doesNotMatch(await onWorker("cat /etc/kubernetes/kubelet.yaml"), /maxPods: 101/);
      for (const command of ["drift", "status"]) {
        const looked = await project.plinth(command);
        assert.notEqual(looked.code, 0, looked.text);
        assert.match(looked.text, /w1/);
      }
      await nothingHappened();
    });

    it("is changed, too, as soon as it tells the truth", async () => {
      await onWorker("rm /etc/ssh/sshd_config.d/99-hostile.conf; systemctl reload ssh");
      await project.expect(0, "up", "--yes");
      assert.match(await project.read("w1", "cat /etc/kubernetes/kubelet.yaml"), /maxPods: 101/);
    });

    /** The status of an answer of the API, asked with the identity of its kubelet; or with other credentials. */
    async function asKubelet(path: string, more: string, credentials?: string): Promise<string> {
      const own = "--cert /var/lib/kubelet/pki/kubelet-client-current.pem";
      const curl = `curl -s -o /dev/null -w '%{http_code}' --cacert /etc/kubernetes/pki/node-ca.crt ${credentials ?? own}`;
      return project.read("w1", `${curl} ${more} https://10.27.0.10:6443${path}`);
    }
    const patch = (body: object): string =>
      `-X PATCH -H 'content-type: application/merge-patch+json' -d '${JSON.stringify(body)}'`;

    it("writes about its own Node what it likes, and that means nothing", async () => {
      for (const lie of ["lab\ncp1 lab x -", "another", "--all", "$(touch /root/pwned)"]) {
        const annotations = { "plinth/owner": lie, "plinth/leaving": "uncordon", "plinth/taints": lie };
        assert.equal(await asKubelet("/api/v1/nodes/w1", patch({ metadata: { annotations } })), "200");
        const { text } = await project.expect(0, "preview");
        assert.match(text, /Plan: no changes/);
      }
      await project.expect(0, "up", "--yes");
      await nothingHappened();
    });

    it("can write neither who owns it, nor anything of another Node, whichever of its services asks", async () => {
      const labels = { "node-restriction.kubernetes.io/plinth-owner": "another" };
      assert.equal(await asKubelet("/api/v1/nodes/w1", patch({ metadata: { labels } })), "403");
      assert.equal(
        await asKubelet("/api/v1/nodes/w1", patch({ spec: { taints: [{ key: "mine", effect: "NoSchedule" }] } })),
        "403",
      );
      for (const path of ["/api/v1/nodes/cp1", "/api/v1/nodes/cp1/status"])
        assert.equal(await asKubelet(path, patch({ metadata: { annotations: { a: "b" } } })), "403", path);
      const keys = await project.read(
        "w1",
        "grep -rlE 'BEGIN [A-Z ]*PRIVATE KEY' /etc/kubernetes /var/lib/kubelet/pki || true",
      );
      assert.doesNotMatch(keys, /etc\/kubernetes/, "no other key lies on it");
    });

    it("gets no certificate but its own", async () => {
      const ask = async (subject: string, names: string, signer: string, usage: string): Promise<string> => {
        const request = `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -subj '${subject}' ${names} 2>/dev/null | base64 -w0`;
        const body = `{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"generateName":"hostile-"},"spec":{"request":"'$(${request})'","signerName":"kubernetes.io/${signer}","usages":["digital signature","${usage}"]}}`;
        return asKubelet(
          "/apis/certificates.k8s.io/v1/certificatesigningrequests",
          `-H 'content-type: application/json' -d '${body}'`,
        );
      };
      const client = ["kube-apiserver-client-kubelet", "client auth"] as const;
      const server = ["kubelet-serving", "server auth"] as const;
      await ask("/O=system:nodes/CN=system:node:cp1", "", ...client);
      await ask("/O=system:nodes/OU=x\nCommon Name: system:node:w1/CN=system:node:cp1", "", ...client);
      await ask("/O=system:nodes/CN=system:node:w1", "-addext subjectAltName=DNS:w1,IP:10.27.0.11", ...server);
      await ask("/O=system:nodes/CN=system:node:w1", "-addext subjectAltName=DNS:cp1,IP:10.27.0.21", ...server);
      await project.expect(0, "up", "--yes", "--heal");
      const fields = '{range .items[*]}{.metadata.name} {.status.conditions[*].type}{"\\n"}{end}';
      const { stdout: requests } = await project.expect(0, "kubectl", "get", "csr", "-o", `jsonpath=${fields}`);
      assert.match(requests, /^hostile-/m);
      assert.doesNotMatch(requests, /^hostile-\S+ .*Approved/m);
    });

    it("has a token that was good for one join, and is good for nothing any more", async () => {
      const token = "$(sed -n 's/.*token: //p' /etc/kubernetes/kubelet-bootstrap.conf)";
      assert.equal(await asKubelet("/api/v1/nodes", "", `-H "authorization: Bearer ${token}"`), "401");
    });

    it("is a worker like any other afterwards", async () => {
      project.restore("Pulumi.lab.yaml");
      await project.expect(0, "up", "--yes");
      await nothingHappened();
      await healthy(project);
    });
  });
}
