import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { hosts } from "../support/hosts.ts";
import { Kube } from "../support/kube.ts";
import type { Project } from "../support/project.ts";

const vip = "10.27.0.10";
const addresses: Record<string, string> = { "10.27.0.11": "cp1", "10.27.0.12": "cp2", "10.27.0.13": "cp3" };

/** An event of the audit log, as far as one looks for its client. */
interface AuditEvent {
  requestReceivedTimestamp: string;
  sourceIPs: string[];
  user: { username: string };
}

/** The event of a request with a mark in its address, and the host whose API server has written it. */
async function eventOf(project: Project, mark: string): Promise<{ event: AuditEvent; host: string }> {
  for (const host of hosts) {
    const line = (await project.read(host, `grep -h '${mark}' /var/log/kubernetes/audit.log || true`)).split("\n")[0];
    if (line) return { event: JSON.parse(line) as AuditEvent, host };
  }
  throw new Error(`no API server has recorded ${mark}`);
}

/** A request to the API by the identity of a host's kubelet, through the virtual IP. */
async function askAsNode(project: Project, host: string, what: string): Promise<void> {
  const access = "--cacert /etc/kubernetes/pki/node-ca.crt --cert /var/lib/kubelet/pki/kubelet-client-current.pem";
  await project.read(host, `curl --silent --output /dev/null ${access} 'https://${vip}:6443/api/v1/${what}'`);
}

/** What a client does is recorded with who it was, and leads to where it was. */
export function audit(project: Project): void {
  describe("audit", () => {
    it("leads from events to the addresses of their clients, as docs/audit.md says", async () => {
      const run = `mark${Date.now()}`;
      const kube = await Kube.open(project);
      try {
        await kube.ask("get", "--raw", `/api/v1/namespaces?${run}=operator`);
      } finally {
        kube.close();
      }
      for (const host of ["w1", "w2"]) await askAsNode(project, host, `namespaces?${run}=${host}`);
      const clients = { operator: "10.27.0.1", w1: "10.27.0.21", w2: "10.27.0.22" };
      for (const [name, client] of Object.entries(clients)) {
        const { event, host } = await eventOf(project, `${run}=${name}`);
        const seen = event.sourceIPs.at(-1) ?? "";
        const balancer = addresses[seen];
        assert.ok(balancer, `${name} was seen as ${seen}`);
        const server = Object.entries(addresses).find(([, each]) => each === host)?.[0] ?? "";
        const ask = `/usr/local/lib/plinth/connections at /var/log/plinth-connections ${event.requestReceivedTimestamp} ${server} || true`;
        const short = await eventually(`the connection of ${name} is in the log of ${balancer}`, 120, async () => {
          const candidates = (await project.read(balancer, ask)).split("\n").map((line) => line.split(" "));
          const found = candidates.filter(([, until, who = ""]) => until !== "-" && who.startsWith(`${client}:`));
          return found.length > 0 ? candidates : undefined;
        });
        console.log(`      ${name}, ${event.user.username}: ${short.map(([, , who]) => who).join(" ")}`);
      }
    });

    it("records that a Node asked for Secrets", async () => {
      const mark = `mark${Date.now()}=secrets`;
      await askAsNode(project, "w1", `namespaces/kube-system/secrets?${mark}`);
      const { event } = await eventOf(project, mark);
      assert.equal(event.user.username, "system:node:w1");
    });
  });

  describe("etcd's peer port", () => {
    it("takes members, and refuses the API server's certificate", async () => {
      const pki = "/etc/kubernetes/pki";
      const ask = (certificate: string) =>
        project.onHost(
          "cp1",
          `curl --silent --show-error --http1.1 --max-time 10 --cacert ${pki}/etcd/ca.crt \\
            --cert ${pki}/${certificate}.crt --key ${pki}/${certificate}.key https://10.27.0.12:2380/members`,
        );
      const member = await ask("etcd/peer");
      assert.equal(member.code, 0, member.text);
      for (const client of ["apiserver/etcd-client", "etcd/healthcheck"]) {
        const refused = await ask(client);
        assert.notEqual(refused.code, 0, refused.text);
        assert.match(refused.text, /bad certificate|alert/i);
      }
    });
  });
}
